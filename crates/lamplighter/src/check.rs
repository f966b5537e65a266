//! `check`: every problem of a configuration.

use crate::cli::Check;
use crate::{Answer, YES, no, say, say_json, sms};
use driver::{Clock as _, SystemClock};
use std::io::IsTerminal as _;

pub(crate) fn check(it: &Check) -> Answer {
    let paths = server::paths(&it.paths)?;
    let mut loaded = catalog::load(&paths).with_absences(SystemClock.now());
    if let Some(catalogue) = &mut loaded.catalogue {
        crate::rota::add_leave(catalogue, &it.leave)?;
    }
    let coverage = loaded.catalogue.as_ref().map(crate::rota::coverage);
    if it.form.json {
        let mut json = catalog::to_json(&loaded);
        if let Some(pages) = loaded.catalogue.as_ref().and_then(sms::as_json) {
            json["sms"] = pages;
        }
        if let Some(coverage) = coverage {
            json["coverage"] = coverage.into();
        }
        say_json(&json);
    } else {
        let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        say(&catalog::render(&loaded, color));
        for line in coverage.unwrap_or_default() {
            say(&format!("coverage: {line}\n"));
        }
        if let Some(catalogue) = &loaded.catalogue {
            say(&sms::told(catalogue));
        }
    }
    Ok(if loaded.catalogue.is_some() { YES } else { no() })
}
