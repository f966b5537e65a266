//! Escalations: from times after the alert to times after the step before.

use super::Found;
use crate::desk::{Desk, OwnedPolicy};
use crate::draft::{Policy, Step};
use crate::json::{At, Read, merged};

/// Passes after the first that our configuration takes.
const REPEAT_MAX: i64 = 10;
/// How long the last step lasts where nothing is said.
const LAST_WAIT_SECS: i64 = 300;
/// Longest step.
const WAIT_SECS_MAX: i64 = 86_400;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let mut made = vec![];
    for it in merged(found.get("escalations")) {
        let done = policy(&it, desk);
        made.extend(desk.kept(done).flatten());
    }
    desk.add_policies(made);
}

fn policy(it: &At<'_>, desk: &mut Desk<'_>) -> Read<Option<OwnedPolicy>> {
    let title = it.text_at("name")?.to_owned();
    let mut timed: Vec<(i64, Step)> = vec![];
    for rule in it.need("rules")?.items()? {
        let delay = delay_secs(&rule)?;
        let Some(found) = step(&rule, &title, desk)? else { continue };
        match timed
            .iter_mut()
            .find(|it| it.0 == delay && it.1.is_round_robin == found.is_round_robin)
        {
            Some(same) => same.1.page.extend(found.page),
            None => timed.push((delay, found)),
        }
    }
    timed.sort_by_key(|it| it.0);
    let Some(first) = timed.first().map(|it| it.0) else {
        desk.lost(it, &title, "no step of it can be written: left out");
        return Ok(None);
    };
    if first > 0 {
        let why =
            format!("its first step comes {first} seconds after the alert; here it comes at once");
        desk.lost(it, &title, why);
    }
    let repeat = it.get("repeat");
    let last_wait = match repeat.as_ref().and_then(|it| it.get("waitInterval")) {
        Some(wait) => wait.whole()?.saturating_mul(60),
        None => LAST_WAIT_SECS,
    };
    let delays: Vec<i64> = timed.iter().map(|it| it.0).collect();
    let mut made = Policy { title: title.clone(), ..Policy::default() };
    for (place, (delay, mut step)) in timed.into_iter().enumerate() {
        let wait = delays.get(place + 1).map_or(last_wait, |next| next.saturating_sub(delay));
        step.wait_secs = wait.clamp(10, WAIT_SECS_MAX);
        if step.wait_secs != wait && wait != 0 {
            desk.lost(
                it,
                &title,
                format!("a step of {wait} seconds is written as {}", step.wait_secs),
            );
        }
        step.page.dedup();
        made.steps.push(step);
    }
    made.repeat = match repeat.as_ref().and_then(|it| it.get("count")) {
        Some(count) => count.whole()?,
        None => 0,
    };
    if made.repeat > REPEAT_MAX {
        let why =
            format!("it is repeated {} times; here {REPEAT_MAX} times is the most", made.repeat);
        desk.lost(it, &title, why);
        made.repeat = REPEAT_MAX;
    }
    let team = it.get("ownerTeam").and_then(|it| desk.teams.get(it.word("id")?).cloned());
    Ok(Some(OwnedPolicy { foreign: it.id_at("id")?, team, policy: made }))
}

fn delay_secs(rule: &At<'_>) -> Read<i64> {
    let Some(delay) = rule.get("delay") else { return Ok(0) };
    let amount = delay.whole_at("timeAmount")?;
    let unit = delay.word("timeUnit").unwrap_or("minutes");
    match unit {
        "seconds" => Ok(amount),
        "minutes" => Ok(amount.saturating_mul(60)),
        "hours" => Ok(amount.saturating_mul(3_600)),
        "days" => Ok(amount.saturating_mul(86_400)),
        other => delay.refuse(format!("the unit `{other}` is not known")),
    }
}

fn step(rule: &At<'_>, title: &str, desk: &mut Desk<'_>) -> Read<Option<Step>> {
    let condition = rule.word("condition").unwrap_or("if-not-acked");
    if condition != "if-not-acked" {
        let why = format!("`{condition}`: here a page that somebody has taken calls nobody else");
        desk.lost(rule, title, why);
    }
    let recipient = rule.need("recipient")?;
    let kind = recipient.need("type")?;
    let id = recipient
        .word("id")
        .or_else(|| recipient.word("username"))
        .or_else(|| recipient.word("name"));
    let Some(id) = id else {
        return recipient.refuse("this recipient has neither `id` nor `name`");
    };
    let how = rule.word("notifyType").unwrap_or("default");
    let mut made = Step::default();
    match kind.text()? {
        "user" => made.page.push(format!("person {}", desk.person(&recipient, id)?)),
        "schedule" => {
            made.page = desk.schedule(&recipient, id)?;
            match how {
                "default" => {}
                "next" => made.page.iter_mut().for_each(|it| it.push_str(" next")),
                other => {
                    let why = format!(
                        "`{other}` of a schedule has no counterpart: whoever is on duty is called"
                    );
                    desk.lost(rule, title, why);
                }
            }
        }
        "team" => {
            let Some(team) = desk.teams.get(id) else {
                return recipient
                    .refuse(format!("there is no team `{id}` in any file: export it, too"));
            };
            made.page.push(format!("team {team}"));
            made.is_round_robin = how == "random";
            if !matches!(how, "all" | "users") {
                let why = format!(
                    "`{how}` of a team: here a team is all of its members{}",
                    if made.is_round_robin { ", one at a time" } else { "" }
                );
                desk.lost(rule, title, why);
            }
        }
        other => return kind.refuse(format!("recipients of type `{other}` are not known")),
    }
    Ok(Some(made))
}
