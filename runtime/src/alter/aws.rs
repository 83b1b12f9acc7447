//! Which service and region an address of AWS is of, as its signatures name them.
//!
//! An address says it in a dozen ways, and the name that is signed is not always the one in it. What
//! is not known is not guessed: the credential then has to say it.

/// The service and the region of a host.
pub(super) fn service_and_region(host: &str) -> Option<(String, String)> {
    let host = host.to_ascii_lowercase();
    if let Some(rest) = host.strip_suffix(".api.aws") {
        let [service, region] = labels(rest)[..] else {
            return None;
        };
        return is_region(region).then(|| (signed(service), region.to_owned()));
    }
    let (rest, is_china) = match host.strip_suffix(".amazonaws.com.cn") {
        Some(rest) => (rest, true),
        None => (host.strip_suffix(".amazonaws.com")?, false),
    };
    let labels = labels(rest);
    regional(&labels)
        .or_else(|| storage(&labels, is_china))
        .or_else(|| private(&labels).filter(|_| !is_china))
        .or_else(|| global(&labels, is_china))
        .or_else(|| dotted(&labels))
}

fn labels(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

/// `SERVICE.REGION`, `SERVICE.dualstack.REGION`, and both behind a bucket of S3.
fn regional(labels: &[&str]) -> Option<(String, String)> {
    let (region, before) = labels.split_last()?;
    let before = before.strip_suffix(&["dualstack"]).unwrap_or(before);
    let service = match before {
        [service] => signed(service),
        [_, "s3" | "s3-fips"] => "s3".to_owned(),
        _ => return None,
    };
    is_region(region).then(|| (service, (*region).to_owned()))
}

/// The older addresses of S3: `s3-REGION` and `s3`, with or without a bucket.
fn storage(labels: &[&str], is_china: bool) -> Option<(String, String)> {
    let (label, [] | [_]) = labels.split_last()? else {
        return None;
    };
    let region = match *label {
        _ if is_china => return None,
        "s3" | "s3-external-1" => "us-east-1",
        label => label
            .strip_prefix("s3-")
            .filter(|region| is_region(region))?,
    };
    Some(("s3".to_owned(), region.to_owned()))
}

/// `vpce-ID.SERVICE.REGION.vpce`.
fn private(labels: &[&str]) -> Option<(String, String)> {
    let [endpoint, service, region, "vpce"] = labels else {
        return None;
    };
    (endpoint.starts_with("vpce-") && is_region(region))
        .then(|| (signed(service), (*region).to_owned()))
}

/// Services without a region, which sign that of their partition.
fn global(labels: &[&str], is_china: bool) -> Option<(String, String)> {
    let labels = labels.strip_prefix(&["global"]).unwrap_or(labels);
    let (services, region): (&[&str], _) = match labels {
        [_, "us-gov"] if !is_china => (&["health", "iam", "route53"], "us-gov-west-1"),
        [_] if is_china => (&["budgets", "health", "route53"], "cn-northwest-1"),
        [_] => (GLOBAL, "us-east-1"),
        _ => return None,
    };
    let service = plain(labels.first()?);
    services
        .contains(&service)
        .then(|| (signed(service), region.to_owned()))
}

const GLOBAL: &[&str] = &[
    "budgets",
    "cloudfront",
    "health",
    "iam",
    "importexport",
    "route53",
    "savingsplans",
    "sts",
    "waf",
];

/// Services of several labels, those that are known.
fn dotted(labels: &[&str]) -> Option<(String, String)> {
    let labels = labels.strip_suffix(&["dualstack"]).unwrap_or(labels);
    let (region, service) = labels.split_last()?;
    let name = service.join(".");
    let (_, signed) = NAMES.iter().find(|(known, _)| *known == plain(&name))?;
    (service.len() > 1 && is_region(region)).then(|| ((*signed).to_owned(), (*region).to_owned()))
}

/// Whether a label is a region: two letters, words, and a number, such as `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let [partition, .., number] = parts[..] else {
        return false;
    };
    let is_word = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    parts.len() > 2
        && partition.len() == 2
        && partition.bytes().all(|byte| byte.is_ascii_lowercase())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && parts.iter().all(is_word)
}

/// A label without the mark of an endpoint for FIPS 140, which is not signed.
fn plain(label: &str) -> &str {
    label.strip_suffix("-fips").unwrap_or(label)
}

/// The name that a service is signed by.
fn signed(label: &str) -> String {
    let label = plain(label);
    let name = NAMES.iter().find(|(known, _)| *known == label);
    name.map_or(label, |(_, name)| name).to_owned()
}

/// The services whose names in addresses and in signatures differ, as botocore's endpoints have them.
const NAMES: &[(&str, &str)] = &[
    ("agreement-marketplace", "aws-marketplace"),
    ("api.detective", "detective"),
    ("api.ecr", "ecr"),
    ("api.ecr-public", "ecr-public"),
    ("api.iotdeviceadvisor", "iotdeviceadvisor"),
    ("api.iottwinmaker", "iottwinmaker"),
    ("api.iotwireless", "iotwireless"),
    ("api.mediatailor", "mediatailor"),
    ("api.pricing", "pricing"),
    ("api.sagemaker", "sagemaker"),
    ("api.tunneling.iot", "IoTSecuredTunneling"),
    ("appconfigdata", "appconfig"),
    ("appstream2", "appstream"),
    ("bedrock-runtime", "bedrock"),
    ("catalog.marketplace", "aws-marketplace"),
    ("cloudhsmv2", "cloudhsm"),
    ("cn.transcribe", "transcribe"),
    ("contact-lens", "connect"),
    ("data-ats.iot", "iotdata"),
    ("data.ats.iot", "iotdata"),
    ("data.iot", "iotdata"),
    ("data.iotevents", "ioteventsdata"),
    ("data.iottwinmaker", "iottwinmaker"),
    ("data.jobs.iot", "iot-jobs-data"),
    ("data.mediastore", "mediastore"),
    ("edge.sagemaker", "sagemaker"),
    ("email", "ses"),
    ("entitlement-marketplace", "aws-marketplace"),
    ("entitlement.marketplace", "aws-marketplace"),
    ("eventsv2", "events"),
    ("forecastquery", "forecast"),
    ("greengrass-ats.iot", "greengrass"),
    ("identity-chime", "chime"),
    ("importexport", "IngestionService"),
    ("ingest.timestream", "timestream"),
    ("ivsrealtime", "ivs"),
    ("media-pipelines-chime", "chime"),
    ("meetings-chime", "chime"),
    ("memory-db", "memorydb"),
    ("messaging-chime", "chime"),
    ("metering.marketplace", "aws-marketplace"),
    ("metrics.sagemaker", "sagemaker"),
    ("models-v2-lex", "lex"),
    ("models.lex", "lex"),
    ("oidc", "sso-oauth"),
    ("participant.connect", "execute-api"),
    ("pinpoint", "mobiletargeting"),
    ("portal.sso", "awsssoportal"),
    ("query.timestream", "timestream"),
    ("runtime-v2-lex", "lex"),
    ("runtime.lex", "lex"),
    ("runtime.sagemaker", "sagemaker"),
    ("s3-control", "s3"),
    ("servicecatalog-appregistry", "servicecatalog"),
    ("streams.dynamodb", "dynamodb"),
    ("verification.signer", "signer"),
    ("voice-chime", "chime"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_is_signed() {
        for (host, expected) in [
            ("ec2.us-west-2.api.aws", Some(("ec2", "us-west-2"))),
            (
                "lambda-fips.us-east-1.api.aws",
                Some(("lambda", "us-east-1")),
            ),
            (
                "s3.dualstack.us-east-1.amazonaws.com",
                Some(("s3", "us-east-1")),
            ),
            (
                "b.s3-fips.dualstack.us-east-2.amazonaws.com",
                Some(("s3", "us-east-2")),
            ),
            ("b.s3-eu-west-1.amazonaws.com", Some(("s3", "eu-west-1"))),
            ("b.s3-external-1.amazonaws.com", Some(("s3", "us-east-1"))),
            (
                "vpce-09-lj.monitoring.us-east-2.vpce.amazonaws.com",
                Some(("monitoring", "us-east-2")),
            ),
            ("global.health.amazonaws.com", Some(("health", "us-east-1"))),
            (
                "route53.amazonaws.com.cn",
                Some(("route53", "cn-northwest-1")),
            ),
            (
                "api.tunneling.iot.eu-west-1.amazonaws.com",
                Some(("IoTSecuredTunneling", "eu-west-1")),
            ),
            (
                "S3.Us-Gov-West-1.AmazonAWS.com",
                Some(("s3", "us-gov-west-1")),
            ),
            ("a.b.s3.us-east-1.amazonaws.com", None),
            ("iam.amazonaws.com.cn", None),
            ("example.amazonaws.com", None),
            ("s3.us-east-1.amazonaws.com.evil.example", None),
            ("s3-us-.amazonaws.com", None),
            ("amazonaws.com", None),
            (".amazonaws.com", None),
            ("us-east-1.amazonaws.com", None),
            ("", None),
        ] {
            let found = service_and_region(host);
            let found = found
                .as_ref()
                .map(|(service, region)| (&**service, &**region));
            assert_eq!(found, expected, "{host}");
        }
    }
}
