//! Numbers of seats in the text form: one by one, or as ranges such as `1-20`, `20-1` and `2-20/2`.

use super::words::{Word, is_plain};
use super::{SeatMapProblem, expected};
use crate::limits::SEATS_PER_ROW;

/// What stands between the ends of a range, and before its step.
const RANGE: [char; 2] = ['-', '/'];

/// From how many numbers on they are written as a range.
const RANGE_NUMBERS: usize = 3;

/// The numbers that words stand for, from left to right; at least one.
pub(super) fn read(words: &[Word]) -> Result<Vec<String>, SeatMapProblem> {
    let mut numbers = Vec::new();
    for word in words {
        if word.is_quoted || (starts_with_digit(&word.text) && !word.text.contains(RANGE)) {
            numbers.push(word.text.clone());
        } else if word.text.contains(RANGE) {
            numbers.extend(range(word)?);
        } else {
            return Err(expected(
                "a seat number, or a comma before an attribute; other numbers are quoted",
                Some(word),
            ));
        }
        if numbers.len() > SEATS_PER_ROW {
            return Err(SeatMapProblem::TooManyNumbers);
        }
    }
    if numbers.is_empty() { Err(expected("seat numbers, such as 1-20 or 2-20/2", None)) } else { Ok(numbers) }
}

fn range(word: &Word) -> Result<Vec<String>, SeatMapProblem> {
    let ends = parse_range(&word.text).ok_or_else(|| expected("a range such as 1-20, 20-1 or 2-20/2", Some(word)))?;
    let (first, last, step) = ends;
    let count = usize::try_from(first.abs_diff(last) / step).unwrap_or(usize::MAX);
    if count >= SEATS_PER_ROW {
        return Err(SeatMapProblem::TooManyNumbers);
    }
    let next = |number: &u32| if first <= last { number.checked_add(step) } else { number.checked_sub(step) };
    Ok(std::iter::successors(Some(first), next).take(count + 1).map(|number| number.to_string()).collect())
}

/// First, last and step of a range; the step is at least 1.
fn parse_range(text: &str) -> Option<(u32, u32, u32)> {
    let (first, rest) = text.split_once('-')?;
    let (last, step) = rest.split_once('/').unwrap_or((rest, "1"));
    let step = canonical(step).filter(|step| *step > 0)?;
    Some((canonical(first)?, canonical(last)?, step))
}

/// A number that is written in the one way in which it is read back: neither `07` nor `+7`.
pub(super) fn canonical(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// The words that [`read`] reads as `numbers`.
pub(super) fn write(numbers: &[&str]) -> String {
    let mut words = Vec::new();
    let mut rest = numbers;
    while let [first, ..] = rest {
        let count = in_range(rest);
        match (rest.get(1), rest.get(count - 1)) {
            (Some(second), Some(last)) if count >= RANGE_NUMBERS => words.push(range_word(first, second, last)),
            _ => words.push(number_word(first)),
        }
        rest = rest.get(if count >= RANGE_NUMBERS { count } else { 1 }..).unwrap_or_default();
    }
    words.join(" ")
}

/// How many of the first numbers are as far from each other as the first two.
fn in_range(numbers: &[&str]) -> usize {
    let steps = numbers.windows(2).map(|pair| match pair {
        [one, next] => step(one, next),
        _ => None,
    });
    let mut steps = steps.peekable();
    let Some(Some(first)) = steps.peek().copied() else { return 1 };
    1 + steps.take_while(|step| *step == Some(first)).count()
}

/// How far one number is from the next; nothing, where one is no number or both are the same.
fn step(one: &str, next: &str) -> Option<i64> {
    let step = i64::from(canonical(next)?) - i64::from(canonical(one)?);
    Some(step).filter(|step| *step != 0)
}

fn range_word(first: &str, second: &str, last: &str) -> String {
    match step(first, second).map(i64::abs) {
        None | Some(1) => format!("{first}-{last}"),
        Some(step) => format!("{first}-{last}/{step}"),
    }
}

fn number_word(number: &str) -> String {
    let reads_itself = starts_with_digit(number) && !number.contains(RANGE) && number.chars().all(is_plain);
    if reads_itself { number.to_owned() } else { quote(number) }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// A name in quotation marks.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
