//! Escalation policies, and overrides of those on duty in them.

use super::{Found, username};
use crate::desk::{Desk, OwnedPolicy};
use crate::draft::{Policy, Step};
use crate::json::{At, Read};
use std::collections::BTreeMap;

/// How long the last step lasts, as nothing says so.
const LAST_WAIT_SECS: i64 = 300;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let mut teams: BTreeMap<String, String> = BTreeMap::new();
    let mut listed = vec![];
    for answer in found.get("policy-lists").into_iter().flatten() {
        for it in desk.kept(answer.list("policies")).unwrap_or_default() {
            let slug = it.get("policy").and_then(|it| it.word("slug").map(str::to_owned));
            let team = it.get("team").and_then(|it| it.word("slug").map(str::to_owned));
            if let Some(slug) = slug {
                listed.push((slug.clone(), it));
                teams.extend(team.map(|it| (slug, it)));
            }
        }
    }
    let policies = found.get("policies").map_or(&[][..], Vec::as_slice);
    for (slug, it) in listed {
        if !policies.iter().any(|it| it.word("slug") == Some(slug.as_str())) {
            let refused: Read<()> = it.refuse(format!(
                "the steps of this policy are in no file: fetch `/api-public/v1/policies/{slug}`"
            ));
            desk.kept(refused);
        }
    }
    let (mut made, mut called) = (vec![], BTreeMap::new());
    for it in policies {
        let team = it.word("slug").and_then(|it| teams.get(it)).cloned();
        let done = policy(it, team.as_deref(), &mut called, desk);
        made.extend(desk.kept(done).flatten());
    }
    desk.add_policies(made);
    for answer in found.get("overrides").into_iter().flatten() {
        for it in desk.kept(answer.list("overrides")).unwrap_or_default() {
            let done = change(&it, &called, desk);
            desk.kept(done);
        }
    }
}

fn policy(
    it: &At<'_>,
    team: Option<&str>,
    called: &mut BTreeMap<String, Vec<String>>,
    desk: &mut Desk<'_>,
) -> Read<Option<OwnedPolicy>> {
    let (slug, title) = (it.id_at("slug")?, it.text_at("name")?.to_owned());
    let steps = it.need("steps")?.items()?;
    let mut made = Policy { title: title.clone(), ..Policy::default() };
    for (place, step) in steps.iter().enumerate() {
        let after = step.get("timeout").map_or(Ok(0), |it| it.whole())?;
        match made.steps.last_mut() {
            Some(before) => {
                before.wait_secs = after.saturating_mul(60).saturating_add(before.wait_secs);
            }
            None if after > 0 => {
                let why = format!(
                    "its first step comes {after} minutes after the alert; here it comes at once"
                );
                desk.lost(step, &title, why);
            }
            None => {}
        }
        let mut page: Vec<String> = vec![];
        for entry in step.need("entries")?.items()? {
            page.extend(entry_of(&entry, &title, team, desk)?);
        }
        page.dedup();
        if page.is_empty() {
            desk.lost(step, &title, format!("step {} calls nobody here: left out", place + 1));
            continue;
        }
        let rotas = page.iter().filter_map(|it| it.strip_prefix("rota ").map(str::to_owned));
        called.entry(slug.clone()).or_default().extend(rotas);
        made.steps.push(Step { page, wait_secs: 0, is_round_robin: false });
    }
    for step in &mut made.steps {
        step.wait_secs =
            if step.wait_secs == 0 { LAST_WAIT_SECS } else { step.wait_secs.clamp(10, 86_400) };
    }
    if made.steps.is_empty() {
        desk.lost(it, &title, "no step of it calls anybody: left out");
        return Ok(None);
    }
    let team = team.and_then(|it| desk.teams.get(it)).cloned();
    Ok(Some(OwnedPolicy { foreign: slug, team, policy: made }))
}

fn entry_of(
    entry: &At<'_>,
    title: &str,
    team: Option<&str>,
    desk: &mut Desk<'_>,
) -> Read<Vec<String>> {
    let kind = entry.text_at("executionType")?;
    match kind {
        "user" => {
            let user = entry.need("user")?;
            Ok(vec![format!("person {}", desk.person(&user, &username(&user)?)?)])
        }
        "rotation_group" | "rotation_group_next" | "rotation_group_previous" => {
            let group = entry.need("rotationGroup")?;
            let mut found = desk.schedule(&group, &group.id_at("slug")?)?;
            if kind == "rotation_group_next" {
                for it in &mut found {
                    it.push_str(" next");
                }
            } else if kind == "rotation_group_previous" {
                desk.lost(
                    entry,
                    title,
                    "whoever had the turn before has no counterpart: whoever has it is called",
                );
            }
            Ok(found)
        }
        "team_page" => {
            let ours = team.and_then(|it| desk.teams.get(it));
            let Some(ours) = ours else {
                return entry.refuse("it calls the team of the policy, which is in no file: export policies and teams");
            };
            Ok(vec![format!("team {ours}")])
        }
        other => {
            desk.lost(entry, title, format!("`{other}` has no counterpart among people: left out"));
            Ok(vec![])
        }
    }
}

/// An override of those on duty in policies, said as the commands that make it.
fn change(it: &At<'_>, called: &BTreeMap<String, Vec<String>>, desk: &mut Desk<'_>) -> Read<()> {
    let (starts, ends) = (it.instant_at("start")?, it.instant_at("end")?);
    if ends <= desk.now {
        return Ok(());
    }
    let user = it.need("user")?;
    let person = desk.person(&user, &username(&user)?)?;
    for assignment in it.list("assignments")? {
        let slug = assignment.id_at("policy")?;
        let Some(by) = assignment.get("user").filter(|it| it.get("username").is_some()) else {
            desk.noted(
                &assignment,
                "an override",
                format!("nobody has taken the duty of {person} from {starts} to {ends}"),
            );
            continue;
        };
        let by = desk.person(&by, &username(&by)?)?;
        let Some(rotas) = called.get(&slug) else {
            return assignment
                .refuse(format!("there is no policy `{slug}` in any file: export it, too"));
        };
        let commands: Vec<_> = rotas
            .iter()
            .map(|it| it.trim_end_matches(" next"))
            .map(|it| format!("`lamplighter override {it} --replace {person} --by {by} --from {starts} --to {ends}`"))
            .collect();
        let why = format!(
            "it depends on who is on duty: once the configuration is served, run {}",
            commands.join(" and ")
        );
        desk.lost(&assignment, "an override", why);
    }
    Ok(())
}
