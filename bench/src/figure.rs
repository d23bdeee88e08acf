//! What was measured: one value, what it is held against, and the mark that it has to reach.

use std::fmt::Write;

use serde_json::json;

/// One measured value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// Which one, as `docs` and `BENCH.md` call it: `saga_throughput/embedded`.
    pub(crate) name: String,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What it is held against, with its value where it has one.
    pub(crate) against: String,
    /// The value in terms of that.
    pub(crate) ratio: Option<f64>,
    /// What the ratio, or the value where there is none, has to reach.
    pub(crate) mark: Option<Mark>,
}

/// What has to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// That much or more.
    AtLeast(f64),
    /// That much or less.
    AtMost(f64),
}

impl Mark {
    fn is_met(self, reached: f64) -> bool {
        match self {
            Self::AtLeast(wanted) => reached >= wanted,
            Self::AtMost(wanted) => reached <= wanted,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(wanted) => format!(">= {wanted}"),
            Self::AtMost(wanted) => format!("<= {wanted}"),
        }
    }
}

impl Figure {
    /// A value by itself.
    pub(crate) fn absolute(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, against: String::new(), ratio: None, mark: None }
    }

    /// A value held against another one of the same unit, called `against`.
    pub(crate) fn relative(name: impl Into<String>, value: f64, unit: &'static str, against: &str, other: f64) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            against: format!("{against}: {}", rounded(other)),
            ratio: Some(value / other),
            mark: None,
        }
    }

    /// The same with a mark.
    #[must_use]
    pub(crate) fn marked(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }

    /// The same with words about what it is held against.
    #[must_use]
    pub(crate) fn held_against(self, against: impl Into<String>) -> Self {
        Self { against: against.into(), ..self }
    }

    /// Whether the mark is reached; none where there is none.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.mark.map(|mark| mark.is_met(self.ratio.unwrap_or(self.value)))
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        let mark = self.mark.map(Mark::text);
        json!({
            "name": self.name,
            "value": round(self.value),
            "unit": self.unit,
            "against": self.against,
            "ratio": self.ratio.map(round),
            "mark": mark,
            "met": self.is_met(),
        })
        .to_string()
    }
}

/// The figures as a table in Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text =
        String::from("| figure | value | against | ratio | mark | met |\n| --- | --- | --- | --- | --- | --- |\n");
    for figure in figures {
        let ratio = figure.ratio.map(rounded).unwrap_or_default();
        let mark = figure.mark.map(Mark::text).unwrap_or_default();
        let met = match figure.is_met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let Figure { name, unit, against, .. } = figure;
        let value = rounded(figure.value);
        // Writing into a String does not fail.
        let _written = writeln!(text, "| {name} | {value} {unit} | {against} | {ratio} | {mark} | {met} |");
    }
    text
}

/// Three significant digits for what is small, whole numbers for what is large.
fn rounded(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The middle of some values; of an even number the mean of the two in the middle. Zero of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => 0.0,
        (odd, middle) if odd % 2 == 1 => sorted[middle],
        (_, middle) => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// The value that `share` of all are not above, by the nearest rank. Zero of none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        return 0.0;
    }
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 0.99), 99.0);
        assert_eq!(percentile(&hundred, 0.5), 50.0);
        assert_eq!(percentile(&[7.0], 0.99), 7.0);
    }

    #[test]
    fn a_mark_is_held_against_the_ratio() {
        let slow = Figure::relative("saga", 40.0, "/s", "floor", 80.0).marked(Mark::AtLeast(0.8));
        assert_eq!(slow.is_met(), Some(false));
        let quick = Figure::absolute("ready", 3.0, "s").marked(Mark::AtMost(5.0));
        assert_eq!(quick.is_met(), Some(true));
        assert!(table(&[slow, quick]).contains("| saga | 40.0 /s | floor: 80.0 | 0.50 | >= 0.8 | NO |"));
    }
}
