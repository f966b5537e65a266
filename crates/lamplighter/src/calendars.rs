//! `calendar` and `hours`: addresses that phones subscribe to, and the table of hours.

use crate::ask::plain;
use crate::cli::{CalendarCommand, HoursOnDuty, OneId, Status};
use crate::oncall::time;
use crate::remote::{Server, segment};
use crate::{Answer, YES, no, say, say_json};
use driver::{Clock as _, SystemClock};
use serde_json::json;
use server::Problem;

pub(crate) fn calendar(it: &CalendarCommand) -> Answer {
    match it {
        CalendarCommand::New(it) => new(it),
        CalendarCommand::List(it) => list(it),
        CalendarCommand::Revoke(it) => revoke(it),
    }
}

fn new(it: &Status) -> Answer {
    let made = Server::new(&it.remote)?.post("/api/v1/me/calendars", &json!({}))?;
    if it.remote.form.json {
        say_json(&made);
        return Ok(YES);
    }
    say(&format!("{}: these addresses are shown this once.\n", plain(&made["id"])));
    for it in made["calendars"].as_array().into_iter().flatten() {
        say(&format!("{}: {}\n", plain(&it["of"]), plain(&it["url"])));
    }
    Ok(YES)
}

fn list(it: &Status) -> Answer {
    let found = Server::new(&it.remote)?.get("/api/v1/me/calendars")?;
    if it.remote.form.json {
        say_json(&found);
        return Ok(YES);
    }
    for it in found["calendars"].as_array().into_iter().flatten() {
        say(&format!("{} since {}\n", plain(&it["id"]), plain(&it["since"])));
    }
    Ok(YES)
}

fn revoke(it: &OneId) -> Answer {
    let path = format!("/me/calendars/{}/revoke", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    if it.remote.form.json {
        say_json(&json!({ "revoked": it.id, "answer": done }));
    } else {
        say(&format!("{} opens nothing any more.\n", it.id));
    }
    Ok(YES)
}

pub(crate) fn hours(it: &HoursOnDuty) -> Answer {
    let (from, to) = (time(&it.from)?, time(&it.to)?);
    if to <= from {
        return Err(Problem::negative("this time ends before it begins").hint("exchange the two"));
    }
    let text = if it.config.is_empty() {
        let rota =
            it.rota.as_deref().map_or_else(String::new, |it| format!("&rota={}", segment(it)));
        let (from, to) = (segment(&from.to_string()), segment(&to.to_string()));
        Server::new(&it.remote)?.text(&format!("/api/v1/hours.csv?from={from}&to={to}{rota}"))?
    } else {
        let loaded = catalog::load(&it.config).with_absences(SystemClock.now());
        let Some(catalogue) = &loaded.catalogue else {
            say(&catalog::render(&loaded, false));
            return Ok(no());
        };
        let (zones, none) = (::oncall::Zones::bundled(), std::collections::BTreeMap::new());
        let duties = ::oncall::Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
        let mut table = ::oncall::timesheet::table(catalogue, &duties, from, to);
        table.retain(|(_, rota), _| it.rota.as_deref().is_none_or(|it| rota.as_str() == it));
        ::oncall::timesheet::csv(&table, catalogue.pay.as_ref())
    };
    say(&text);
    Ok(YES)
}
