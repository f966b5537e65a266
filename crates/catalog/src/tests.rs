//! Tests of the whole crate, from text to diagnostics or catalogue.

mod catalogue;
mod leave;
mod problems;
mod reading;
mod schema;

use crate::Loaded;
use std::fmt::Write as _;

/// Each diagnostic in a line or two: code, place, offending text, message, hint, other places.
fn shorthand(loaded: &Loaded) -> String {
    let mut shown = String::new();
    for it in &loaded.diagnostics {
        let text = loaded.files.iter().find(|file| file.name == it.file);
        let meant = text.map_or("", |file| &file.text[it.span.clone()]);
        let meant = meant.lines().next().unwrap_or_default();
        let place = format!("{}:{}:{}", it.file, it.line, it.column);
        writeln!(shown, "{} {place} [{meant}] {}", it.code, it.message).unwrap();
        if let Some(hint) = &it.hint {
            writeln!(shown, "      {hint}").unwrap();
        }
        for other in &it.related {
            let place = format!("{}:{}:{}", other.file, other.line, other.column);
            writeln!(shown, "      {place} {}", other.label).unwrap();
        }
    }
    shown
}
