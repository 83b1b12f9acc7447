//! What was measured: rows of numbers side by side, as a table or as JSON.

use serde_json::{Map, Value, json};

use crate::samples::{Samples, Unit};

/// The columns, in the order they are shown. `floor` is what cannot be undercut: an empty program,
/// the bare exchange.
pub(crate) const COLUMNS: [&str; 4] = ["floor", "mcporter", "mcpress", "bundle"];

/// Everything that was measured in one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The machine and the versions, as a name and a text.
    pub(crate) about: Vec<(String, String)>,
    /// One part a server.
    pub(crate) parts: Vec<Part>,
}

/// What was measured with one server.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// What could not be measured, and why.
    pub(crate) missing: Vec<String>,
}

/// One thing, measured for some of the columns.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) cells: Vec<(&'static str, Samples)>,
}

impl Row {
    pub(crate) fn new(name: &str, unit: Unit) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            cells: Vec::new(),
        }
    }

    /// Adds one value to a column.
    pub(crate) fn push(&mut self, column: &'static str, value: f64) {
        match self.cells.iter_mut().find(|(name, _)| *name == column) {
            Some((_, samples)) => samples.push(value),
            None => self.cells.push((column, Samples::from_iter([value]))),
        }
    }

    fn cell(&self, column: &str) -> Option<&Samples> {
        let (_, samples) = self.cells.iter().find(|(name, _)| *name == column)?;
        (!samples.is_empty()).then_some(samples)
    }

    /// How many times what mcpress takes mcporter takes, by medians. None where it says nothing: a
    /// difference of two measurements that came out at zero or below.
    fn ratio(&self) -> Option<f64> {
        let ratio = self.cell("mcporter")?.median() / self.cell("mcpress")?.median();
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }
}

impl Report {
    /// Whether every part has a number of every contender.
    pub(crate) fn is_whole(&self) -> bool {
        let columns = |part: &Part| {
            COLUMNS
                .iter()
                .all(|column| part.rows.iter().any(|row| row.cell(column).is_some()))
        };
        self.parts
            .iter()
            .all(|part| part.missing.is_empty() && columns(part))
    }

    pub(crate) fn to_json(&self) -> Value {
        let about: Map<_, _> = self
            .about
            .iter()
            .map(|(name, text)| (name.clone(), text.clone().into()))
            .collect();
        let parts: Vec<_> = self.parts.iter().map(part_to_json).collect();
        json!({"about": about, "servers": parts})
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.about {
            text += &format!("{name}: {value}\n");
        }
        for part in &self.parts {
            text += &format!("\n{}\n\n{}", part.title, table(part));
            for missing in &part.missing {
                text += &format!("not measured: {missing}\n");
            }
        }
        text
    }
}

fn part_to_json(part: &Part) -> Value {
    let rows: Vec<_> = part.rows.iter().map(row_to_json).collect();
    json!({"title": part.title, "rows": rows, "missing": part.missing})
}

fn row_to_json(row: &Row) -> Value {
    let unit = match row.unit {
        Unit::Seconds => "s",
        Unit::Bytes => "B",
    };
    let cells: Map<_, _> = row
        .cells
        .iter()
        .map(|(name, samples)| ((*name).to_owned(), samples.to_json()))
        .collect();
    json!({"name": row.name, "unit": unit, "cells": cells, "ratio": row.ratio()})
}

/// The rows with their columns aligned.
fn table(part: &Part) -> String {
    let mut lines = vec![vec![String::new()]];
    lines[0].extend(COLUMNS.map(str::to_owned));
    lines[0].push("mcporter/mcpress".to_owned());
    for row in &part.rows {
        let mut line = vec![row.name.clone()];
        line.extend(COLUMNS.map(|column| {
            row.cell(column)
                .map_or_else(|| "-".to_owned(), |samples| samples.to_text(row.unit))
        }));
        line.push(
            row.ratio()
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}")),
        );
        lines.push(line);
    }
    let widths: Vec<_> = (0..lines[0].len())
        .map(|at| {
            lines
                .iter()
                .map(|line| line[at].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, &width))| {
                if at == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        text += padded.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        let mut row = Row::new("--help", Unit::Seconds);
        row.push("mcporter", 0.13);
        row.push("mcporter", 0.11);
        row.push("mcpress", 0.002);
        Part {
            title: "x".to_owned(),
            rows: vec![row],
            missing: Vec::new(),
        }
    }

    #[test]
    fn a_table_aligns_and_leaves_out_what_was_not_measured() {
        let text = table(&part());
        assert_eq!(
            text.lines().last().unwrap_or_default(),
            "--help      -  120 ms (110–130)  2.00 ms       -              60.0"
        );
        let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths[0], widths[1]);
    }

    #[test]
    fn a_report_without_one_of_the_contenders_is_not_whole() {
        let mut report = Report {
            about: Vec::new(),
            parts: vec![part()],
        };
        assert!(!report.is_whole());
        report.parts[0].rows[0].push("floor", 0.001);
        report.parts[0].rows[0].push("bundle", 0.002);
        assert!(report.is_whole());
        report.parts[0].missing.push("a call".to_owned());
        assert!(!report.is_whole());
    }

    #[test]
    fn a_ratio_of_nothing_is_left_out() {
        let mut row = Row::new("call", Unit::Seconds);
        row.push("mcporter", 0.2);
        row.push("mcpress", -0.001);
        assert_eq!(row.ratio(), None);
        assert!(row_to_json(&row)["ratio"].is_null());
    }
}
