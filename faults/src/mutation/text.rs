//! Putting mutations into the text of a file. Knows nothing of where files are.

use std::path::Path;

use super::{CHOSEN_BY, Change, Mutation};

/// Stands in a replacement for the condition that its mutation is chosen.
pub(super) const MUTATED: &str = "MUTATED";

/// A place of a text with what is put there.
struct Cut<'a> {
    mutation: &'a str,
    start: usize,
    end: usize,
    replace: String,
}

/// The text of a file with all mutations in it that are about this file. A mutation that does not fit any more is an
/// error, and so are two that want the same place.
pub(super) fn mutate(file: &Path, text: &str, mutations: &[Mutation]) -> anyhow::Result<String> {
    let mut cuts = Vec::new();
    for mutation in mutations {
        for change in mutation.changes.iter().filter(|change| change.file == file) {
            cuts.push(cut(mutation, change, text)?);
        }
    }
    cuts.sort_by_key(|cut| cut.start);
    let mut mutated = String::with_capacity(text.len());
    let mut after = 0;
    let mut before: Option<&Cut<'_>> = None;
    for cut in &cuts {
        if let Some(before) = before.filter(|before| cut.start < before.end) {
            let (one, other, file) = (before.mutation, cut.mutation, file.display());
            anyhow::bail!("mutations `{one}` and `{other}` change the same place of {file}");
        }
        mutated.push_str(&text[after..cut.start]);
        mutated.push_str(&cut.replace);
        after = cut.end;
        before = Some(cut);
    }
    mutated.push_str(&text[after..]);
    Ok(mutated)
}

fn cut<'a>(mutation: &'a Mutation, change: &Change, text: &str) -> anyhow::Result<Cut<'a>> {
    let (name, file, find) = (&mutation.name, change.file.display(), change.find.trim_matches('\n'));
    anyhow::ensure!(change.replace.contains(MUTATED), "mutation `{name}` changes {file} whether it is chosen or not");
    let places: Vec<usize> = text.match_indices(find).map(|(place, _)| place).collect();
    let [start] = places[..] else {
        let count = places.len();
        anyhow::bail!("mutation `{name}` does not fit any more: its text occurs {count} times in {file}\n{find}");
    };
    let chosen = format!("std::env::var_os({CHOSEN_BY:?}).is_some_and(|chosen| chosen == {name:?})");
    let replace = change.replace.trim_matches('\n').replace(MUTATED, &chosen);
    Ok(Cut { mutation: name, start, end: start + find.len(), replace })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn mutation(name: &str, find: &str, replace: &str) -> Mutation {
        Mutation {
            name: name.to_owned(),
            breaks: String::new(),
            caught_by: vec![],
            seeds: vec![],
            environment: BTreeMap::new(),
            changes: vec![Change { file: "a.rs".into(), find: find.to_owned(), replace: replace.to_owned() }],
        }
    }

    fn check(mutations: &[Mutation], expected: Result<&str, &str>) {
        let mutated = mutate(Path::new("a.rs"), "let a = 1; let b = 1;", mutations);
        match expected {
            Ok(text) => assert_eq!(mutated.unwrap(), text),
            Err(problem) => {
                let error = mutated.unwrap_err().to_string();
                assert!(error.contains(problem), "{error}");
            }
        }
    }

    #[test]
    fn mutations_are_chosen_by_their_names() {
        let both =
            [mutation("second", "b = 1", "b = if MUTATED { 2 } else { 1 }"), mutation("first", "a = 1", "MUTATED")];
        let chosen =
            |name: &str| format!("std::env::var_os(\"BOXOFFICE_MUTATION\").is_some_and(|chosen| chosen == {name:?})");
        let expected = format!("let {}; let b = if {} {{ 2 }} else {{ 1 }};", chosen("first"), chosen("second"));
        check(&both, Ok(&expected));
    }

    #[test]
    fn other_files_stay_as_they_are() {
        let text = mutate(Path::new("b.rs"), "let a = 1;", &[mutation("first", "a = 1", "MUTATED")]);
        assert_eq!(text.unwrap(), "let a = 1;");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        check(&[mutation("rotten", "c = 1", "MUTATED")], Err("`rotten` does not fit any more"));
        check(&[mutation("vague", "= 1", "MUTATED")], Err("occurs 2 times"));
        check(&[mutation("always", "a = 1", "a = 2")], Err("whether it is chosen or not"));
    }

    #[test]
    fn two_mutations_do_not_change_the_same_place() {
        check(&[mutation("one", "a = 1", "MUTATED"), mutation("other", "let a", "MUTATED")], Err("the same place"));
    }
}
