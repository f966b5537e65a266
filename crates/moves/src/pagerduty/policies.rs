//! Escalation policies and services.

use super::{Found, reference};
use crate::desk::Desk;
use crate::draft::{Policy, Step};
use crate::json::{At, Read, merged};
use std::collections::BTreeMap;

/// Passes after the first that our configuration takes.
const REPEAT_MAX: i64 = 10;
/// Longest step of an escalation, in minutes.
const WAIT_MINS_MAX: i64 = 1_440;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let policies = merged(found.get("escalation_policies"));
    // A team's alerts go to the policy with the team's id; where a team has only one, that is it.
    let mut of_team: BTreeMap<String, usize> = BTreeMap::new();
    let team_of = |it: &At<'_>, desk: &Desk<'_>| {
        let teams = it.list("teams").ok()?;
        let [team] = teams.as_slice() else { return None };
        desk.teams.get(team.word("id")?).map(ToString::to_string)
    };
    for it in &policies {
        if let Some(team) = team_of(it, desk) {
            *of_team.entry(team).or_default() += 1;
        }
    }
    let only_one = |it: &At<'_>, desk: &Desk<'_>| {
        team_of(it, desk).filter(|team| of_team.get(team) == Some(&1))
    };
    // Those that are called like their team take their id first.
    let (first, second): (Vec<_>, Vec<_>) =
        policies.iter().partition(|it| only_one(it, desk).is_some());
    let mut ours = BTreeMap::new();
    for it in first.into_iter().chain(second) {
        let team = only_one(it, desk);
        let done = policy(it, team.as_deref(), desk);
        if let Some((id, name)) = desk.kept(done) {
            ours.insert(id, name);
        }
    }
    for it in merged(found.get("services")) {
        let done = service(&it, &ours, desk);
        desk.kept(done);
    }
}

fn policy(it: &At<'_>, team: Option<&str>, desk: &mut Desk<'_>) -> Read<(String, String)> {
    let id = it.id_at("id")?;
    let title = it.text_at("name")?.to_owned();
    let mut made = Policy { title: title.clone(), ..Policy::default() };
    for rule in it.need("escalation_rules")?.items()? {
        made.steps.push(step(&rule, &title, desk)?);
    }
    if made.steps.is_empty() {
        return it.refuse("it has no steps: export it again, or take it out of the file");
    }
    made.repeat = it.get("num_loops").map_or(Ok(0), |it| it.whole())?;
    if made.repeat > REPEAT_MAX {
        let why =
            format!("it is repeated {} times; here {REPEAT_MAX} times is the most", made.repeat);
        desk.lost(it, &title, why);
        made.repeat = REPEAT_MAX;
    }
    let name = desk.name("escalation", team.unwrap_or(&title), &id);
    desk.draft.escalations.insert(name.clone(), made);
    Ok((id, name))
}

fn step(rule: &At<'_>, title: &str, desk: &mut Desk<'_>) -> Read<Step> {
    let delay = rule.need("escalation_delay_in_minutes")?;
    let mins = delay.whole()?;
    if !(1..=WAIT_MINS_MAX).contains(&mins) {
        return delay.refuse("a step lasts 1 minute to 1 day here");
    }
    let mut made = Step { wait_secs: mins * 60, ..Step::default() };
    for target in rule.need("targets")?.items()? {
        let (kind, id) = (target.text_at("type")?, reference(&target)?);
        let found = match kind {
            "user" | "user_reference" => vec![format!("person {}", desk.person(&target, &id)?)],
            "schedule" | "schedule_reference" => desk.schedule(&target, &id)?,
            other => return target.refuse(format!("targets of kind `{other}` are not known")),
        };
        made.page
            .extend(found.into_iter().filter(|it| !made.page.contains(it)).collect::<Vec<_>>());
    }
    if made.page.is_empty() {
        return rule.refuse("this step calls nobody: take it out of the file, or export it again");
    }
    let strategy = rule.get("escalation_rule_assignment_strategy");
    match strategy.as_ref().and_then(|it| it.word("type")) {
        None | Some("assign_to_everyone") => {}
        Some("round_robin") => {
            made.is_round_robin = true;
            let why =
                "round robin calls whoever was called longest ago here, and not the next in a list";
            desk.noted(rule, title, why);
        }
        Some(other) => return rule.refuse(format!("the assignment `{other}` is not known")),
    }
    Ok(made)
}

fn service(it: &At<'_>, ours: &BTreeMap<String, String>, desk: &mut Desk<'_>) -> Read<()> {
    let title = it.text_at("name")?.to_owned();
    let policy = it.need("escalation_policy")?;
    let Some(policy) = ours.get(&reference(&policy)?) else {
        return policy.refuse("this escalation policy is in no file: export all of them");
    };
    let teams = it.list("teams")?;
    let team = teams.first().and_then(|it| desk.teams.get(it.word("id")?)).cloned();
    let Some(team) = team else {
        let why = format!(
            "no team has it, and a service here belongs to one: left out. Its alerts went to `{policy}`"
        );
        desk.lost(it, &title, why);
        return Ok(());
    };
    if *policy != team.as_str() {
        let why = format!(
            "alerts of a service go to the policy with the id of its team, `{team}`; this one went to \
             `{policy}`: give that policy the id of the team, or the service a team of its own"
        );
        desk.lost(it, &title, why);
    }
    let id = desk.name("service", &title, "service");
    desk.draft.services.insert(id, team);
    Ok(())
}
