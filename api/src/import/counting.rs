//! How many things a catalogue has, counted before any of them is made: one that has too many costs no memory.

use std::fmt;

use domain::limits::THINGS_PER_IMPORT;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many things a catalogue has in its lists, or one more than may be imported. What else is wrong with it, whoever
/// reads it says.
pub(super) fn things_in(catalogue: &[u8]) -> usize {
    let mut things = 0;
    let mut json = serde_json::Deserializer::from_slice(catalogue);
    let _end_or_fault = Things(&mut things).deserialize(&mut json);
    things
}

/// Looks at a value without keeping it, and counts the items of each list that it is or has.
struct Things<'a>(&'a mut usize);

impl<'de> DeserializeSeed<'de> for Things<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Things<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lists of things")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {
            *self.0 += 1;
            if *self.0 > THINGS_PER_IMPORT {
                return Err(A::Error::custom("there are too many"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut lists: A) -> Result<(), A::Error> {
        while lists.next_key::<IgnoredAny>()?.is_some() {
            lists.next_value_seed(Things(&mut *self.0))?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_all_lists_are_counted_and_no_others() {
        for (text, things) in [
            ("{}", 0),
            (r#"{"venues": [{}, {"name": [1, 2, 3]}], "halls": null, "shows": [0, []]}"#, 4),
            (r#"{"venues": 1, "halls": "x", "events": -1.5, "theatres": true, "shows": [1], "shows": [2]}"#, 2),
            ("[1, 2]", 2),
            // It is read no further than to its fault.
            (r#"{"venues": [1, 2"#, 2),
            ("", 0),
        ] {
            assert_eq!(things_in(text.as_bytes()), things, "{text}");
        }
        let many = format!("{{\"shows\": [{}0]}}", "0,".repeat(100_000));
        assert_eq!(things_in(many.as_bytes()), THINGS_PER_IMPORT + 1);
    }
}
