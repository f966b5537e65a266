//! What the forms of the views do: one command each, then back to where one was.

use crate::access::{AS_COOKIE, Principal, SESSION_COOKIE, cookie};
use crate::passwords::{
    PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, fits, hash_password, hash_token, new_secret,
};
use crate::views::{self, layout};
use crate::{Context, Mode};
use alerting::Matcher;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use driver::SubmitError;
use engine::{Command, Event, Rejected, Role, SignRole, Submission, TokenKind};
use maud::html;
use model::{FeatureId, IncidentId, Millis, Objective, PersonId, SilenceId, TeamId, TokenId};
use serde::Deserialize;

/// Longest silence the form sets, in minutes.
const MINUTES_MAX: i64 = 7 * 24 * 60;

/// How long a session lasts.
const SESSION_LENGTH: Millis = Millis::from_days(14);

/// Why a command was not carried out, as a view.
pub(crate) fn failure(error: &SubmitError) -> Response {
    let status = match error {
        SubmitError::Rejected(Rejected::Unknown { .. }) => StatusCode::NOT_FOUND,
        SubmitError::Rejected(Rejected::NotAllowed(_)) => StatusCode::FORBIDDEN,
        SubmitError::Rejected(_) => StatusCode::CONFLICT,
        SubmitError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, views::message("That did not work", &error.to_string())).into_response()
}

pub(crate) async fn carry_out(
    context: &Context,
    who: &Principal,
    command: Command,
    back: &str,
) -> Response {
    let Some(person) = who.person() else { return Redirect::to("/login").into_response() };
    match context.handle.submit(Submission::person(person.clone(), command)).await {
        Ok(_) => Redirect::to(back).into_response(),
        Err(error) => failure(&error),
    }
}

pub(crate) fn nothing_here() -> Response {
    (StatusCode::NOT_FOUND, views::message("Nothing here", "There is no such thing."))
        .into_response()
}

pub(crate) async fn acknowledge(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    let command = Command::AcknowledgeIncident { incident, by, via: "view".to_owned() };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}

pub(crate) async fn resolve(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    let command = Command::ResolveIncident { incident, by };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}

#[derive(Deserialize)]
pub(crate) struct SilenceForm {
    matchers: String,
    minutes: i64,
    comment: String,
}

pub(crate) async fn silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(form): Form<SilenceForm>,
) -> Response {
    let Some(by) = who.person().cloned() else { return nothing_here() };
    let matchers = match Matcher::parse_list(&form.matchers) {
        Ok(matchers) => matchers,
        Err(error) => {
            let told = views::message("That did not work", &error.to_string());
            return (StatusCode::UNPROCESSABLE_ENTITY, told).into_response();
        }
    };
    // The journal's time: that of the clock may differ for a while.
    let now = context.handle.now();
    let command = Command::Silence {
        by,
        matchers,
        starts_at: now,
        ends_at: now.plus(Millis::from_mins(form.minutes.clamp(1, MINUTES_MAX))),
        comment: form.comment,
        replaces: None,
    };
    carry_out(&context, &who, command, "/silences").await
}

pub(crate) async fn end_silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(silence), Some(by)) = (SilenceId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    carry_out(&context, &who, Command::EndSilence { silence, by }, "/silences").await
}

#[derive(Deserialize)]
pub(crate) struct ReviewForm {
    text: String,
}

pub(crate) async fn review(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(form): Form<ReviewForm>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    let command = Command::PublishReview { incident, by, text: form.text };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}

#[derive(Deserialize)]
pub(crate) struct RaiseForm {
    title: String,
    #[serde(default)]
    team: String,
}

pub(crate) async fn raise(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(form): Form<RaiseForm>,
) -> Response {
    let Some(by) = who.person().cloned() else { return nothing_here() };
    let team = TeamId::new(&form.team).ok();
    carry_out(&context, &who, Command::Raise { by, title: form.title, feature: None, team }, "/")
        .await
}

#[derive(Deserialize)]
pub(crate) struct SignForm {
    role: String,
    objective: String,
}

pub(crate) async fn sign(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(form): Form<SignForm>,
) -> Response {
    let role = match form.role.as_str() {
        "product" => SignRole::Product,
        _ => SignRole::Engineering,
    };
    let (Ok(feature), Ok(objective), Some(by)) =
        (FeatureId::new(&id), Objective::parse(&form.objective), who.person().cloned())
    else {
        return nothing_here();
    };
    let command = Command::Sign { feature, role, by, objective };
    carry_out(&context, &who, command, &format!("/features/{id}")).await
}

pub(crate) async fn demo(
    State(context): State<Context>,
    Path((action, service)): Path<(String, String)>,
) -> Response {
    let Mode::Demo(controls) = &context.mode else { return nothing_here() };
    let done = match action.as_str() {
        "break" => controls.break_service(&service),
        "mend" => controls.mend_service(&service),
        _ => false,
    };
    if done { Redirect::to("/").into_response() } else { nothing_here() }
}

#[derive(Deserialize)]
pub(crate) struct AsForm {
    person: String,
}

pub(crate) async fn demo_as(State(context): State<Context>, Form(form): Form<AsForm>) -> Response {
    let (Mode::Demo(_), Ok(person)) = (&context.mode, PersonId::new(&form.person)) else {
        return nothing_here();
    };
    let cookie = format!("{AS_COOKIE}={person}; Path=/; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

pub(crate) async fn login_view() -> Response {
    layout::bare("Sign in", &login_form("")).into_response()
}

fn login_form(told: &str) -> maud::Markup {
    html! {
        h1 { "Sign in" }
        @if !told.is_empty() { p.bad role="alert" { (told) } }
        form.stack method="post" action="/login" {
            label for="person" { "Your id" }
            input id="person" name="person" autocomplete="username" required autocapitalize="none";
            label for="password" { "Password" }
            input id="password" name="password" type="password" autocomplete="current-password" required;
            p { button { "Sign in" } }
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    person: String,
    password: String,
}

pub(crate) async fn login(State(context): State<Context>, Form(form): Form<LoginForm>) -> Response {
    let person = PersonId::new(form.person.trim()).ok();
    let hash = person.as_ref().and_then(|it| {
        let state = context.handle.state();
        state.access.passwords.get(it)?.hash.text().map(str::to_owned)
    });
    // A hash that nothing fits takes the same time, so that nobody learns who may log in.
    let known = hash.is_some();
    let against = hash.unwrap_or_else(|| NOBODY.to_owned());
    let password = form.password;
    let right = password.len() <= PASSWORD_LENGTH_MAX
        && tokio::task::spawn_blocking(move || fits(&password, &against)).await.unwrap_or(false);
    match person {
        Some(person) if right && known => open_session(&context, &person).await,
        _ => {
            let told = "This id and password do not belong together.";
            (StatusCode::FORBIDDEN, layout::bare("Sign in", &login_form(told))).into_response()
        }
    }
}

/// argon2id of a password nobody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm90LWEtcmVhbC1zYWx0$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn open_session(context: &Context, person: &PersonId) -> Response {
    let secret = new_secret("session");
    let command = Command::IssueToken {
        kind: TokenKind::Session,
        person: Some(person.clone()),
        label: "browser".to_owned(),
        sha256: hash_token(&secret),
        expires_at: Some(context.clock.now().plus(SESSION_LENGTH)),
    };
    if let Err(error) = context.handle.submit(Submission::person(person.clone(), command)).await {
        return failure(&error);
    }
    let secure = if context.public_url.starts_with("https://") { "; Secure" } else { "" };
    let age = SESSION_LENGTH.0 / 1_000;
    let cookie = format!(
        "{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}"
    );
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

pub(crate) async fn logout(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
) -> Response {
    if let Principal::Person { id, token: Some(token), .. } = &who {
        let command = Command::RevokeToken { token: *token };
        if let Err(error) = context.handle.submit(Submission::person(id.clone(), command)).await {
            return failure(&error);
        }
    }
    let had = cookie(&headers, SESSION_COOKIE).is_some();
    let gone = format!("{SESSION_COOKIE}=; Path=/; Max-Age=0");
    let back = Redirect::to(if had { "/login" } else { "/" });
    ([(header::SET_COOKIE, gone)], back).into_response()
}

fn setup_token(context: &Context, secret: &str) -> Option<TokenId> {
    let state = context.handle.state();
    let (id, token) = state.access.find(&hash_token(secret), context.clock.now())?;
    (token.kind == TokenKind::Setup).then_some(id)
}

/// GET: shows the form and spends nothing.
pub(crate) async fn setup_view(
    State(context): State<Context>,
    Path(secret): Path<String>,
) -> Response {
    if setup_token(&context, &secret).is_none() {
        return spent();
    }
    setup_form(&context, "").into_response()
}

fn spent() -> Response {
    let told = "This link was used, or is older than a day. Start the server again for a new one.";
    (StatusCode::NOT_FOUND, views::message("Nothing here", told)).into_response()
}

fn setup_form(context: &Context, told: &str) -> maud::Markup {
    let state = context.handle.state();
    let people = state.catalogue().map(|it| it.people.keys().cloned().collect::<Vec<_>>());
    let body = html! {
        h1 { "The first administrator" }
        @if !told.is_empty() { p.bad role="alert" { (told) } }
        form.stack method="post" {
            label for="person" { "Who are you?" }
            select id="person" name="person" required {
                @for it in people.into_iter().flatten() { option { (it) } }
            }
            label for="password" { "A new password, at least " (PASSWORD_LENGTH_MIN) " characters" }
            input id="password" name="password" type="password" autocomplete="new-password"
                minlength=(PASSWORD_LENGTH_MIN) required;
            p { button { "That is me" } }
        }
    };
    layout::bare("The first administrator", &body)
}

pub(crate) async fn setup(
    State(context): State<Context>,
    Path(secret): Path<String>,
    Form(form): Form<LoginForm>,
) -> Response {
    let Some(token) = setup_token(&context, &secret) else { return spent() };
    let Ok(person) = PersonId::new(&form.person) else { return spent() };
    match new_password(&context, &person, form.password, Role::Admin, Some(token)).await {
        Ok(()) => open_session(&context, &person).await,
        Err(NewPassword::Unfit) => {
            let told = "A password has 10 to 256 characters.";
            (StatusCode::BAD_REQUEST, setup_form(&context, told)).into_response()
        }
        Err(NewPassword::Failed(error)) => failure(&error),
    }
}

enum NewPassword {
    Unfit,
    Failed(SubmitError),
}

async fn new_password(
    context: &Context,
    person: &PersonId,
    password: String,
    role: Role,
    spends: Option<TokenId>,
) -> Result<(), NewPassword> {
    if !(PASSWORD_LENGTH_MIN..=PASSWORD_LENGTH_MAX).contains(&password.len()) {
        return Err(NewPassword::Unfit);
    }
    let hash = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    let Ok(hash) = hash else { return Err(NewPassword::Unfit) };
    let command = Command::SetPassword { person: person.clone(), hash, role, spends };
    let submission = Submission::person(person.clone(), command);
    context.handle.submit(submission).await.map(drop).map_err(NewPassword::Failed)
}

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    password: String,
    #[serde(default)]
    role: String,
}

pub(crate) async fn set_password(
    State(context): State<Context>,
    Path(id): Path<String>,
    Form(form): Form<PasswordForm>,
) -> Response {
    let Ok(person) = PersonId::new(&id) else { return nothing_here() };
    let role = if form.role == "admin" { Role::Admin } else { Role::Member };
    match new_password(&context, &person, form.password, role, None).await {
        Ok(()) => Redirect::to("/tokens").into_response(),
        Err(NewPassword::Unfit) => {
            let told = "A password has 10 to 256 characters.";
            (StatusCode::BAD_REQUEST, views::message("That did not work", told)).into_response()
        }
        Err(NewPassword::Failed(error)) => failure(&error),
    }
}

#[derive(Deserialize)]
pub(crate) struct TokenForm {
    kind: String,
    label: String,
}

/// Makes a token; the secret goes to `shown` and nowhere else.
pub(crate) async fn make_token(
    context: &Context,
    who: &PersonId,
    kind: &str,
    label: &str,
) -> Result<(TokenId, String), SubmitError> {
    let kind = if kind == "door" { TokenKind::Door } else { TokenKind::Api };
    let secret = new_secret(if kind == TokenKind::Door { "door" } else { "api" });
    let command = Command::IssueToken {
        kind,
        person: (kind == TokenKind::Api).then(|| who.clone()),
        label: label.trim().to_owned(),
        sha256: hash_token(&secret),
        expires_at: None,
    };
    let accepted = context.handle.submit(Submission::person(who.clone(), command)).await?;
    let made = accepted.events.iter().find_map(|it| match &it.event {
        Event::TokenIssued(it) => Some(it.token),
        _ => None,
    });
    Ok((made.unwrap_or_default(), secret))
}

pub(crate) async fn issue_token(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(form): Form<TokenForm>,
) -> Response {
    let Some(person) = who.person() else { return nothing_here() };
    match make_token(&context, person, &form.kind, &form.label).await {
        Ok((id, secret)) => views::tokens::made(&context, person, id, &secret).into_response(),
        Err(error) => failure(&error),
    }
}

pub(crate) async fn revoke_token(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let Some(token) = TokenId::parse(&id) else { return nothing_here() };
    carry_out(&context, &who, Command::RevokeToken { token }, "/tokens").await
}
