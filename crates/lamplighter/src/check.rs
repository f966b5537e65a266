//! `check`: every problem of a configuration.

use crate::cli::Check;
use crate::{Answer, YES, no, say, say_json};
use std::io::IsTerminal as _;

pub(crate) fn check(it: &Check) -> Answer {
    let paths = server::paths(&it.paths)?;
    let loaded = catalog::load(&paths);
    if it.form.json {
        say_json(&catalog::to_json(&loaded));
    } else {
        let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        say(&catalog::render(&loaded, color));
    }
    Ok(if loaded.catalogue.is_some() { YES } else { no() })
}
