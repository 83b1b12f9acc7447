// A server of the revision 2026-07-28, and of no other, on the TypeScript SDK:
// `node modern_server.mjs PORT`, or over standard streams without PORT.

import { createServer } from "node:http";

import { toNodeHandler } from "@modelcontextprotocol/node";
import {
    acceptedContent,
    createMcpHandler,
    fromJsonSchema,
    inputRequired,
    McpServer,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

const object = (properties) =>
    fromJsonSchema({ type: "object", properties, required: Object.keys(properties) });

function modern() {
    const server = new McpServer({ name: "modern", version: "1.0.0" });
    server.registerTool(
        "count",
        {
            description: "Count the words of a text",
            inputSchema: object({ text: { type: "string", "x-mcp-header": "Text" } }),
            outputSchema: fromJsonSchema({ type: "integer" }),
        },
        ({ text }) => {
            const words = text.split(/\s+/).filter(Boolean).length;
            return { content: [{ type: "text", text: String(words) }], structuredContent: words };
        },
    );
    server.registerTool(
        "greet",
        { description: "Ask for a name, then greet it", inputSchema: object({}) },
        (_, context) => {
            const who = acceptedContent(context.mcpReq.inputResponses, "who");
            if (who) return { content: [{ type: "text", text: `hello ${who.name}` }] };
            const properties = { name: { type: "string" } };
            const requestedSchema = { type: "object", properties, required: ["name"] };
            const ask = inputRequired.elicit({ mode: "form", message: "Who is there?", requestedSchema });
            return inputRequired({ inputRequests: { who: ask } });
        },
    );
    return server;
}

const port = process.argv[2];
if (port) {
    const handler = createMcpHandler(modern, { legacy: "reject" });
    createServer(toNodeHandler(handler)).listen(Number(port), "127.0.0.1");
} else {
    serveStdio(modern);
}
