//! What a command first causes, or why it is refused. Changes nothing.

use crate::command::{Command, Context, DeliveryOutcome, DoorAlert, DoorLife, Rejected};
use crate::event::{Event, Evidence, Origin, ResolveReason, SignRole, TokenIssued};
use crate::state::{AlertStatus, Limits, Notice, NoticeStatus, State};
use crate::steer;
use crate::{Role, TokenKind};
use crate::{deal, duty, late, load, merge, reach, receipt, shadow, silence};
use model::{
    AlertId, Catalogue, FeatureId, IncidentId, Millis, NoticeId, Objective, Pager, PersonId,
    Personal, ServiceId, Severity, TeamId, Timestamp, TokenId,
};
use slo::ConditionState;

/// Waits between the tries of a notice, by how many have failed, in seconds.
const RETRY_SECS: [i64; 5] = [10, 20, 40, 80, 160];

/// The longest rest a provider is given before it is tried again.
const REST_MAX: Millis = Millis::from_mins(5);

#[expect(clippy::too_many_lines, reason = "a table of commands")]
pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Tick => unreachable!("ticks are run by `Engine::tick`"),
        Command::AdoptCatalogue { catalogue, hash } => {
            Ok(adopt(state, context, catalogue, hash).into_iter().collect())
        }
        Command::Observe { feature, assessment } => {
            Ok(observe(state, context, feature, assessment))
        }
        Command::Receive(door) => receive(state, context, door),
        Command::SourceFailed { source, detail } => {
            let known = state.catalogue().is_some_and(|it| it.sources.contains_key(source));
            let new = known && !state.sources_failing.contains_key(source);
            let event = || Event::SourceFailing { source: source.clone(), detail: detail.clone() };
            Ok(new.then(event).into_iter().collect())
        }
        Command::SourceRead { source } => {
            let failing = state.sources_failing.contains_key(source);
            let event = || Event::SourceRecovered { source: source.clone() };
            Ok(failing.then(event).into_iter().collect())
        }
        Command::Delivered { notice, outcome } => {
            Ok(delivered(state, context, *notice, outcome).into_iter().collect())
        }
        Command::Receipt { notice, evidence, detail } => {
            receipt::decide(state, *notice, *evidence, detail)
        }
        Command::Covered { notice, by } => Ok(late::covered(state, *notice, *by)),
        Command::VerifyContact { .. }
        | Command::ConfirmContact { .. }
        | Command::TestContacts { .. } => reach::decide(state, context, command),
        Command::ConfirmDuty { by, rota, via } => duty::confirm(state, by, rota.as_ref(), via),
        Command::AcknowledgePage { page, by, via } => deal::acknowledge_page(state, *page, by, via),
        Command::AcknowledgeIncident { incident, by, via } => {
            deal::acknowledge_incident(state, *incident, by, via)
        }
        Command::Renew { .. }
        | Command::Hand { .. }
        | Command::Snooze { .. }
        | Command::GiveBack { .. }
        | Command::Wake { .. } => deal::decide(state, context, command),
        Command::MergeIncidents { incident, into, by } => {
            merge::decide(state, *incident, *into, by)
        }
        Command::ResolveIncident { incident, by } => {
            person(state, by)?;
            let it = open_incident(state, *incident)?;
            Ok(vec![Event::IncidentResolved { incident: it, by: Some(by.clone()) }])
        }
        Command::Silence { .. } | Command::EndSilence { .. } => {
            silence::decide(state, context, command)
        }
        Command::Override { .. }
        | Command::EndOverride { .. }
        | Command::AskSwap { .. }
        | Command::AnswerSwap { .. } => crate::shifts::decide(state, context, command),
        Command::NoteInterruption(it) => crate::tribute::decide(state, context, it),
        Command::Handover(command) => crate::handover::decide(state, context, command),
        Command::ProposeRoster { .. } | Command::AnswerRoster { .. } => {
            crate::roster::decide(state, context, command)
        }
        Command::PlanMaintenance { .. } | Command::CancelMaintenance { .. } => {
            crate::maintenance::decide(state, context, command)
        }
        Command::Ping { .. }
        | Command::Change(_)
        | Command::Probe
        | Command::SyntheticSeen { .. }
        | Command::WatchFailed { .. } => crate::watching::decide(state, context.now, command),
        Command::PageAnyway { alert, by } => load::page_anyway(state, *alert, by),
        Command::EndRelief { rota, by } => load::end_relief(state, context.now, rota, by),
        Command::EndShadow { team, by } => shadow::end(state, team.as_ref(), by),
        Command::RecordTheirCall(heard) => shadow::record(state, context.now, heard),
        Command::AddNote { .. }
        | Command::Escalate { .. }
        | Command::TakeOver { .. }
        | Command::StopContact { .. }
        | Command::StartContact { .. }
        | Command::Answer { .. } => steer::decide(state, context, command),
        Command::PublishReview { incident, by, text } => publish(state, *incident, by, text),
        Command::Raise { .. }
        | Command::Sign { .. }
        | Command::PushCounts { .. }
        | Command::Waive { .. }
        | Command::EndWaiver { .. }
        | Command::Exclude(_)
        | Command::Backlog(_) => promised(state, context, command),
        Command::IssueToken { kind, person: holder, label, sha256, expires_at } => {
            if let Some(holder) = holder {
                person(state, holder)?;
            }
            text_within("label", label, Limits::TEXT_LENGTH_MAX)?;
            room_for_a_token(state)?;
            Ok(vec![Event::TokenIssued(TokenIssued {
                token: TokenId(state.next.token + 1),
                kind: *kind,
                person: holder.clone(),
                label: label.clone(),
                sha256: sha256.clone(),
                expires_at: *expires_at,
            })])
        }
        Command::RevokeToken { token } => {
            let known = state.access.tokens.contains_key(token);
            known
                .then(|| vec![Event::TokenRevoked { token: *token }])
                .ok_or_else(|| unknown("token", token))
        }
        Command::SetPassword { person, hash, role, spends } => {
            set_password(state, person, hash, *role, *spends)
        }
    }
}

fn room_for_a_token(state: &State) -> Result<(), Rejected> {
    let (limit, max) = ("tokens_max", Limits::TOKENS_MAX);
    let room = state.access.tokens.len() < max;
    if room { Ok(()) } else { Err(Rejected::LimitReached { limit, max }) }
}

fn set_password(
    state: &State,
    who: &PersonId,
    hash: &str,
    role: Role,
    spends: Option<TokenId>,
) -> Result<Vec<Event>, Rejected> {
    person(state, who)?;
    let mut events = vec![];
    if let Some(token) = spends {
        let setup = state.access.tokens.get(&token).map(|it| it.kind);
        if setup != Some(TokenKind::Setup) {
            return Err(unknown("set-up link", token));
        }
        events.push(Event::TokenRevoked { token });
    }
    let hash = Personal::new(who.clone(), hash);
    events.push(Event::PasswordSet { person: who.clone(), hash, role });
    Ok(events)
}

/// What an alert from a door is deduplicated by: its labels, whichever door it came through.
pub(crate) fn door_key(fingerprint: &str) -> String {
    format!("door/{fingerprint}")
}

fn adopt(state: &State, context: &Context<'_>, catalogue: &Catalogue, hash: &str) -> Option<Event> {
    (state.catalogue_hash != hash).then(|| Event::CatalogueAdopted {
        version: state.catalogue_version + 1,
        hash: hash.to_owned(),
        catalogue: Box::new(catalogue.clone()),
        tzdb: context.zones.version(),
    })
}

/// One alert per feature and severity, whichever of its conditions fire. While a condition cannot
/// be measured an alert freezes: it neither starts nor ends.
fn observe(
    state: &State,
    context: &Context<'_>,
    feature_id: &FeatureId,
    assessment: &slo::Assessment,
) -> Vec<Event> {
    let Some(feature) = state.catalogue().and_then(|it| it.features.get(feature_id)) else {
        return vec![];
    };
    let evidence = || Evidence { objective: feature.objective, assessment: assessment.clone() };
    let mut events = vec![];
    let mut next_alert = state.next.alert;
    for severity in [Severity::Page, Severity::Ticket] {
        let key = format!("burn/{feature_id}/{severity}");
        let has = |wanted: ConditionState| {
            assessment.conditions.iter().any(|it| it.says(severity) == Some(wanted))
        };
        let fires = has(ConditionState::Firing);
        match state.firing.get(&key) {
            None if fires => {
                next_alert += 1;
                events.push(Event::AlertFired {
                    alert: AlertId(next_alert),
                    key,
                    origin: Origin::Burn(evidence()),
                    severity,
                    feature: Some(feature_id.clone()),
                    service: None,
                    team: Some(feature.team.clone()),
                    summary: format!(
                        "{} At this rate the promise is at risk.",
                        no(&feature.question)
                    ),
                    starts_at: context.now,
                    lease: None,
                    stale_after: None,
                    budget: None,
                });
            }
            Some(alert) if !fires && !has(ConditionState::Unmeasured) => {
                let reason = ResolveReason::ConditionEnded(evidence());
                events.push(Event::AlertResolved { alert: *alert, reason });
            }
            _ => {}
        }
    }
    events
}

/// `Can agents make a sale?` → `Can agents make a sale? Too often not.`
fn no(question: &str) -> String {
    format!("{question} Too often not.")
}

fn receive(state: &State, context: &Context<'_>, door: &DoorAlert) -> Result<Vec<Event>, Rejected> {
    let key = door_key(&door.fingerprint);
    let firing = state.firing.get(&key).copied();
    let (lease, stale_after) = match (door.life, firing) {
        (DoorLife::Resolved, Some(alert)) => {
            return Ok(vec![Event::AlertResolved { alert, reason: ResolveReason::SenderResolved }]);
        }
        (DoorLife::Resolved, None) => return Ok(vec![]),
        (_, Some(alert)) => {
            let was_stale = state.alerts[&alert].status == AlertStatus::Stale;
            let heard = was_stale.then_some(Event::AlertHeardAgain { alert });
            let updated = described_anew(state, context, alert, door);
            return Ok(heard.into_iter().chain(updated).collect());
        }
        (DoorLife::FiringUntil(until), None) if until <= context.now => return Ok(vec![]),
        (DoorLife::FiringUntil(until), None) => (Some(until.since(context.now)), None),
        (DoorLife::FiringStaleAfter(after), None) => (None, Some(after)),
    };
    let max = state.catalogue().map_or(Pager::ALERTS_OPEN, |it| it.pager.alerts_open_max) as usize;
    if state.firing.len() >= max {
        let limit = "alerts-open-max";
        return Err(Rejected::LimitReached { limit, max });
    }
    let (feature, service, team) = placed(state, door);
    Ok(vec![Event::AlertFired {
        alert: AlertId(state.next.alert + 1),
        key,
        origin: Origin::Door {
            door: door.door.clone(),
            labels: door.labels.clone(),
            annotations: door.annotations.clone(),
            routed_by: door.routed_by.clone(),
        },
        severity: door.severity,
        feature,
        service,
        team,
        summary: door_summary(door),
        starts_at: door.starts_at,
        lease,
        stale_after,
        budget: None,
    }])
}

/// The feature before the machine: an alert about a service that exactly one feature needs is an
/// alert about that feature.
fn placed(
    state: &State,
    door: &DoorAlert,
) -> (Option<FeatureId>, Option<ServiceId>, Option<TeamId>) {
    let Some(catalogue) = state.catalogue() else { return (None, None, None) };
    let feature = door.feature.clone().or_else(|| {
        let mut needing = catalogue.features_needing(door.service.as_ref()?);
        needing.next().filter(|_| needing.next().is_none()).cloned()
    });
    let team_of_feature = || Some(catalogue.features.get(feature.as_ref()?)?.team.clone());
    let team_of_service = || match &catalogue.services.get(door.service.as_ref()?)?.kind {
        model::ServiceKind::Own { team } => Some(team.clone()),
        model::ServiceKind::Supplier => None,
    };
    let team = door.team.clone().or_else(team_of_feature).or_else(team_of_service);
    (feature, door.service.clone(), team)
}

/// The shortest and the longest time between two new descriptions of one alert that are kept.
const UPDATES_FROM: Millis = Millis::from_mins(1);
const UPDATES_TO: Millis = Millis::from_hours(1);

/// A firing alert is described in other words: the latest words count. A text that changes with every
/// repetition ("93.1 % full") must not fill the journal, so each change doubles the wait for the next
/// one, from a minute to an hour; what is left out meanwhile comes with a later repetition.
fn described_anew(
    state: &State,
    context: &Context<'_>,
    id: AlertId,
    door: &DoorAlert,
) -> Option<Event> {
    let alert = &state.alerts[&id];
    let Origin::Door { annotations, .. } = &alert.origin else { return None };
    let wait = Millis(UPDATES_FROM.0 << (alert.updates.min(7))).min(UPDATES_TO);
    let rests = alert.updated_at.is_some_and(|at| context.now < at.plus(wait));
    if *annotations == door.annotations || rests {
        return None;
    }
    let (summary, annotations) = (door_summary(door), door.annotations.clone());
    Some(Event::AlertUpdated { alert: id, summary, annotations })
}

/// Characters of an alert's one line. What is longer stands whole among its annotations.
const SUMMARY_CHARS_MAX: usize = 200;

fn door_summary(door: &DoorAlert) -> String {
    let annotation = |name: &str| door.annotations.get(name).filter(|it| !it.trim().is_empty());
    let text = annotation("summary")
        .or_else(|| annotation("title"))
        .or_else(|| annotation("description"))
        .or_else(|| door.labels.get("alertname"))
        .map_or("An alert without a name", String::as_str);
    if text.chars().nth(SUMMARY_CHARS_MAX).is_none() {
        return text.to_owned();
    }
    let shown: String = text.chars().take(SUMMARY_CHARS_MAX - 1).collect();
    format!("{}…", shown.trim_end())
}

/// When a notice is tried again: after a wait that grows, or after the rest that the provider asks for.
/// But a provider that wants to be left alone for an hour does not decide who is woken: no rest is longer
/// than [`REST_MAX`], and none reaches beyond the next step of the page, which may need this very road.
fn again_at(state: &State, now: Timestamp, notice: &Notice, rest: Option<Millis>) -> Timestamp {
    let wait_idx = (notice.attempts as usize).min(RETRY_SECS.len() - 1);
    let usual = now.plus(Millis::from_secs(RETRY_SECS[wait_idx]));
    let Some(rest) = rest else { return usual };
    let rested = now.plus(rest.min(REST_MAX));
    let page = notice.purpose.page().and_then(|it| state.pages.get(&it));
    let step_at = page.and_then(paging::Page::next_timeout);
    step_at.map_or(rested, |it| rested.min(it)).max(usual)
}

fn delivered(
    state: &State,
    context: &Context<'_>,
    id: NoticeId,
    outcome: &DeliveryOutcome,
) -> Option<Event> {
    // A notice of a closed and archived incident: nothing is left to decide.
    let notice = state.notices.get(&id)?;
    let open = match notice.status {
        NoticeStatus::Due { .. } => true,
        NoticeStatus::Cancelled => false,
        // Reported twice: the first report stands.
        NoticeStatus::Sent { .. }
        | NoticeStatus::Failed { .. }
        | NoticeStatus::Bundled { .. }
        | NoticeStatus::Shadowed { .. } => return None,
    };
    Some(match outcome {
        DeliveryOutcome::Sent { provider_id } => {
            Event::NoticeSent { notice: id, provider_id: provider_id.clone() }
        }
        DeliveryOutcome::Permanent { detail } => {
            Event::NoticeFailed { notice: id, detail: detail.clone(), retry_at: None }
        }
        DeliveryOutcome::Transient { detail, after } => {
            let tries_left = notice.attempts + 1 < Limits::NOTICE_ATTEMPTS_MAX;
            let retry_at =
                (open && tries_left).then(|| again_at(state, context.now, notice, *after));
            Event::NoticeFailed { notice: id, detail: detail.clone(), retry_at }
        }
    })
}

fn raise(
    state: &State,
    context: &Context<'_>,
    by: &PersonId,
    title: &str,
    feature: Option<&FeatureId>,
    team: Option<&TeamId>,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    text_within("title", title, Limits::TEXT_LENGTH_MAX)?;
    if title.trim().is_empty() {
        return Err(Rejected::Invalid("say in a few words what is wrong".to_owned()));
    }
    let catalogue = state.catalogue().expect("a known person comes from a catalogue");
    let of_feature = match feature {
        Some(id) => Some(&catalogue.features.get(id).ok_or_else(|| unknown("feature", id))?.team),
        None => None,
    };
    if let Some(id) = team.filter(|it| !catalogue.teams.contains_key(it)) {
        return Err(unknown("team", id));
    }
    let alert = AlertId(state.next.alert + 1);
    Ok(vec![Event::AlertFired {
        alert,
        key: format!("raised/{alert}"),
        origin: Origin::Person { by: by.clone() },
        severity: Severity::Page,
        feature: feature.cloned(),
        service: None,
        team: team.or(of_feature).cloned(),
        summary: title.trim().to_owned(),
        starts_at: context.now,
        lease: None,
        stale_after: None,
        budget: None,
    }])
}

fn publish(
    state: &State,
    id: IncidentId,
    by: &PersonId,
    text: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    text_within("review", text, Limits::REVIEW_LENGTH_MAX)?;
    if text.trim().is_empty() {
        return Err(Rejected::Invalid("a review needs at least a sentence".to_owned()));
    }
    let incident = state.incidents.get(&id).ok_or_else(|| unknown("incident", id))?;
    match (incident.is_open(), &incident.review) {
        (true, _) => Err(Rejected::Invalid(format!(
            "incident `{id}` goes on; a review is written after its end"
        ))),
        (false, incident::Review::Published { .. }) => {
            Err(Rejected::Over { what: "review of incident", id: id.to_string() })
        }
        (false, _) => {
            let text = Personal::new(by.clone(), text.trim());
            Ok(vec![Event::ReviewPublished { incident: id, by: by.clone(), text }])
        }
    }
}

fn sign(
    state: &State,
    id: &FeatureId,
    role: SignRole,
    by: &PersonId,
    objective: Objective,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    let catalogue = state.catalogue().expect("a known person comes from a catalogue");
    let feature = catalogue.features.get(id).ok_or_else(|| unknown("feature", id))?;
    let owner = feature.owners.as_ref().map(|it| match role {
        SignRole::Product => &it.product,
        SignRole::Engineering => &it.engineering,
    });
    if owner != Some(by) {
        let who = owner.map_or("nobody yet".to_owned(), ToString::to_string);
        let role = if role == SignRole::Product { "product" } else { "engineering" };
        return Err(Rejected::NotAllowed(format!(
            "{by} cannot sign `{id}` for {role}: its owner there is {who}"
        )));
    }
    if feature.objective != objective {
        let now = feature.objective;
        return Err(Rejected::Invalid(format!(
            "the objective of `{id}` is {now} now, not {objective}: look at it again before signing"
        )));
    }
    let window = feature.window;
    let (id, by, terms) = (id.clone(), by.clone(), crate::terms(feature));
    Ok(vec![Event::Signed { feature: id, role, by, objective, window, terms }])
}

/// What people and senders say about promises, and that one is broken.
fn promised(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Raise { by, title, feature, team } => {
            raise(state, context, by, title, feature.as_ref(), team.as_ref())
        }
        Command::Sign { feature, role, by, objective } => {
            sign(state, feature, *role, by, *objective)
        }
        Command::PushCounts { slo, pushes } => {
            crate::pushed::decide(state, context.now, slo, pushes)
        }
        Command::Waive { feature, by, reason, until } => {
            crate::waiver::waive(state, context.now, feature, by, reason, *until)
        }
        Command::EndWaiver { feature, by } => crate::waiver::end(state, context.now, feature, by),
        Command::Exclude(act) => crate::exclusion::decide(state, context, act),
        Command::Backlog(act) => crate::backlog::decide(state, act),
        other => unreachable!("not about promises: {other:?}"),
    }
}

pub(crate) fn person(state: &State, id: &PersonId) -> Result<(), Rejected> {
    let known = state.catalogue().is_some_and(|it| it.people.contains_key(id));
    if known { Ok(()) } else { Err(unknown("person", id)) }
}

pub(crate) fn open_incident(state: &State, id: IncidentId) -> Result<IncidentId, Rejected> {
    let incident = state.incidents.get(&id).ok_or_else(|| unknown("incident", id))?;
    if incident.is_open() {
        Ok(id)
    } else {
        Err(Rejected::Over { what: "incident", id: id.to_string() })
    }
}

pub(crate) fn text_within(what: &str, text: &str, max: usize) -> Result<(), Rejected> {
    if text.len() <= max {
        Ok(())
    } else {
        Err(Rejected::Invalid(format!("the {what} has {} bytes; at most {max} fit", text.len())))
    }
}

pub(crate) fn unknown(what: &'static str, id: impl std::fmt::Display) -> Rejected {
    Rejected::Unknown { what, id: id.to_string() }
}
