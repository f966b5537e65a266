//! HTTP: views for people, an API for programs, doors for alerts.
//!
//! Intuition: a house with a few kinds of door. Each route says which key it wants ([`access`]); what
//! is behind it reads the published state, or submits one command and waits until it is durable.
//!
//! Invariants:
//! - a GET changes nothing; opening a link in a mail acknowledges nothing;
//! - a 2xx answer to a command means that its events are durable;
//! - at a door trouble of ours is 503 with `Retry-After`, never a 4xx that senders take for a no;
//! - every view is complete without script.

mod access;
mod adoption;
mod alertmanager;
mod api;
mod backlog;
mod beside;
mod by_time;
mod callback_code;
mod codes;
mod deal;
mod doors;
mod duty;
mod estimates;
mod evidence;
mod exclusions;
mod feeds;
mod forms;
mod handovers;
mod headers;
mod history;
mod hooks;
mod hours;
mod links;
mod live;
mod passwords;
mod promises;
mod reach;
mod revisions;
mod rosters;
mod show;
mod spent;
mod statement;
mod steer;
mod trials;
mod tribute;
mod views;
mod watching;

#[cfg(test)]
mod tests;

pub use adoption::Looks;
pub use callback_code::callback_code;
pub use codes::{CODE_DIGITS, contact_code, contact_code_hash};
pub use hooks::{Hooks, heard_mail};
pub use ingest::letter::LetterIn;
pub use links::ack_link;
pub use passwords::{hash_token, new_secret};
pub use trials::{TRIAL_MS_MAX, TRIALS_MAX, Trial, Trials};

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use driver::{Clock, Handle};
use model::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Everything that requests need.
#[derive(Clone)]
pub struct Context {
    /// The way to the driver.
    pub handle: Handle,
    /// What was measured.
    pub board: Arc<RwLock<slo::Board>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Time-zone rules.
    pub zones: Arc<oncall::Zones>,
    /// For a team, or for trying out.
    pub mode: Mode,
    /// Ways of working that are being tried.
    pub trials: Arc<Trials>,
    /// How often teams looked at their promises.
    pub looks: Arc<Looks>,
    /// What comes back is checked and counted here.
    pub hooks: Arc<Hooks>,
    /// Signs links that acknowledge.
    pub link_key: [u8; 32],
    /// Where people reach this server, without a trailing slash.
    pub public_url: String,
    /// Reads the configuration again; what it says is shown.
    pub reload: Reload,
    /// The text of `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether this server can do its work, or why not.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// Reads the configuration again. `Ok` and `Err` both hold words for the operator.
pub type Reload =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync>;

/// For a team, or for trying out.
#[derive(Clone)]
pub enum Mode {
    /// Nobody comes in without a key.
    Serve,
    /// Open to whoever sits at this machine, with services to break and inboxes to look into.
    Demo(Arc<dyn DemoControls>),
}

/// What the demo adds.
pub trait DemoControls: Send + Sync {
    /// The emulated services.
    fn services(&self) -> Vec<DemoService>;
    /// Makes one fail. False when there is none of that name.
    fn break_service(&self, name: &str) -> bool;
    /// Makes it work again. False when there is none of that name.
    fn mend_service(&self, name: &str) -> bool;
    /// Everything the inboxes received, newest first.
    fn inbox(&self) -> Vec<InboxMessage>;
    /// How many times as fast as the machine's clock the demo runs.
    fn speed(&self) -> u32;
}

/// An emulated service.
#[derive(Debug, Clone)]
pub struct DemoService {
    /// As in the configuration.
    pub name: String,
    /// For people.
    pub title: String,
    /// Whether it fails now.
    pub broken: bool,
}

/// A message in an inbox of the demo.
#[derive(Debug, Clone)]
pub struct InboxMessage {
    /// When it arrived.
    pub at: Timestamp,
    /// Name of the person or channel.
    pub to: String,
    /// `e-mail`, `SMS`, `push`, `webhook`.
    pub medium: String,
    /// One line.
    pub subject: String,
    /// As it was sent.
    pub text: String,
    /// Where it can be taken.
    pub ack_url: Option<String>,
}

impl Context {
    /// What was measured, to be read and let go.
    pub(crate) fn board(&self) -> RwLockReadGuard<'_, slo::Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last minute that was measured, or the present one before anything was.
    pub(crate) fn measured_minute(&self, board: &slo::Board) -> i64 {
        board.newest_minute().unwrap_or_else(|| self.clock.now().minute())
    }
}

/// Every route with the key it wants. A new route belongs into exactly one group, and into the table
/// of the test that knocks at all of them.
pub fn router(context: Context) -> Router {
    let open = Router::new()
        .route("/.well-known/jwks.json", get(statement::keys))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(api::ready))
        .route("/metrics", get(api::metrics))
        .route("/static/{file}", get(headers::asset))
        .route("/login", get(forms::login_view).post(forms::login))
        .route("/setup/{secret}", get(forms::setup_view).post(forms::setup))
        .route("/calendar/{secret}/{which}", get(feeds::calendar))
        .route("/a/{notice}/{mac}", get(links::look).post(links::take));
    let readers = Router::new()
        .route("/", get(views::now::view))
        .route("/features/{id}", get(views::feature::view))
        .route("/features/{id}/slices", get(views::feature::slices::view))
        .route("/api/v1/features/{id}/slices", get(views::feature::slices::api))
        .route("/api/v1/features/{id}/slices.csv", get(views::feature::slices::csv))
        .route("/adoption", get(adoption::view))
        .route("/api/v1/adoption", get(adoption::api))
        .route("/incidents", get(views::incident::list))
        .route("/incidents/{id}", get(views::incident::view))
        .route("/oncall", get(views::oncall::view))
        .route("/oncall/calendar", get(views::calendar::view))
        .route("/why/{id}", get(views::incident::why))
        .route("/silences", get(views::silences::view))
        .route("/me", get(reach::view))
        .route("/api/v1/me", get(reach::me))
        .route("/api/v1/reach", get(reach::people))
        .route("/shadow", get(views::shadow::view))
        .route("/api/v1/shadow/report", get(beside::report))
        .route("/api/v1/load", get(beside::load))
        .route("/api/v1/load/credits.csv", get(beside::credits))
        .route("/inbox", get(views::inbox::view))
        .route("/events", get(live::events))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/features/{id}", get(api::feature))
        .route("/api/v1/incidents", get(api::incidents))
        .route("/api/v1/incidents/{id}", get(api::incident))
        .route("/api/v1/oncall", get(api::oncall))
        .route("/api/v1/duty/{rota}/statement", get(statement::statement))
        .route("/api/v1/oncall/shifts", get(duty::shifts))
        .route("/api/v1/oncall/now", get(feeds::now))
        .route("/api/v1/oncall/now.txt", get(feeds::now_text))
        .route("/api/v1/me/calendars", get(feeds::list))
        .route("/api/v1/rosters", get(rosters::list))
        .route("/hours", get(hours::view))
        .route("/api/v1/hours", get(hours::hours))
        .route("/api/v1/hours.csv", get(hours::hours_csv))
        .route("/api/v1/overrides", get(duty::list))
        .route("/api/v1/why/{id}", get(api::why))
        .route("/watch", get(views::watch::view))
        .route("/whatif", get(views::whatif::view))
        .route("/whatif/{number}", get(views::whatif::trial))
        .route("/whatif/{number}/report", get(views::whatif::report))
        .route("/api/v1/whatif/{number}", get(views::whatif::trial_api))
        .route("/api/v1/heartbeats", get(watching::heartbeats))
        .route("/api/v1/changes", get(watching::changes))
        .route("/api/v1/maintenance", get(watching::maintenance))
        .route("/api/v1/journal/head", get(api::head))
        .route("/api/v2/alerts", get(alertmanager::alerts))
        .route("/api/v2/alerts/groups", get(alertmanager::groups))
        .route("/api/v2/receivers", get(alertmanager::receivers))
        .route("/api/v2/silences", get(alertmanager::silences))
        .route("/api/v2/silence/{id}", get(alertmanager::silence))
        .merge(handovers::readers())
        .merge(tribute::readers())
        .merge(backlog::readers())
        .merge(exclusions::readers())
        .route_layer(from_fn_with_state(context.clone(), access::reader));
    let writers = writers().route_layer(from_fn_with_state(context.clone(), access::writer));
    let admins = Router::new()
        .route("/tokens", get(views::tokens::view).post(forms::issue_token))
        .route("/tokens/{id}/revoke", post(forms::revoke_token))
        .route("/people/{id}/password", post(forms::set_password))
        .route("/api/v1/tokens", get(api::tokens).post(api::issue_token))
        .route("/api/v1/tokens/{id}", delete(api::revoke_token))
        .route("/-/reload", post(api::reload))
        .route("/shadow/end", post(beside::end_form))
        .route("/api/v1/shadow/end", post(beside::end))
        .route_layer(from_fn_with_state(context.clone(), access::admin));
    open.merge(readers)
        .merge(writers)
        .merge(admins)
        .merge(doors::routes(&context))
        .merge(beside::routes(&context))
        .merge(hooks::routes())
        .fallback(views::missing)
        .layer(from_fn_with_state(context.clone(), access::host))
        .layer(from_fn(headers::secure))
        .layer(headers::compression())
        .with_state(context)
}

/// What changes something.
fn writers() -> Router<Context> {
    Router::new()
        .route("/features/{id}/sign", post(forms::sign))
        .route("/features/{id}/waiver", post(promises::waive_form))
        .route("/features/{id}/waiver/end", post(promises::end_form))
        .route("/api/v1/features/{id}/waiver", post(promises::waive))
        .route("/api/v1/features/{id}/waiver/end", post(promises::end))
        .route("/incidents/{id}/acknowledge", post(forms::acknowledge))
        .route("/incidents/{id}/resolve", post(forms::resolve))
        .route("/incidents/{id}/review", post(forms::review))
        .route("/incidents/{id}/note", post(steer::note_form))
        .route("/incidents/{id}/escalate", post(steer::escalate_form))
        .route("/incidents/{id}/take", post(steer::take_form))
        .route("/raise", post(forms::raise))
        .route("/silences", post(forms::silence))
        .route("/me/verify/{medium}", post(reach::verify_form))
        .route("/me/code/{medium}", post(reach::code_form))
        .route("/me/duty", post(reach::duty_form))
        .route("/people/{id}/test", post(reach::test_form))
        .route("/api/v1/me/contacts/{medium}/verify", post(reach::verify))
        .route("/api/v1/me/duty/confirm", post(reach::confirm_duty))
        .route("/api/v1/people/{id}/test", post(reach::test))
        .route("/silences/{id}/end", post(forms::end_silence))
        .route("/alerts/{id}/page", post(beside::page_anyway_form))
        .route("/api/v1/alerts/{id}/page", post(beside::page_anyway))
        .route("/rotas/{id}/relief/end", post(beside::end_relief_form))
        .route("/api/v1/rotas/{id}/relief/end", post(beside::end_relief))
        .route("/api/v2/silences", post(alertmanager::set_silence))
        .route("/api/v2/silence/{id}", delete(alertmanager::end_silence))
        .route("/logout", post(forms::logout))
        .route("/whatif", post(views::whatif::begin))
        .route("/api/v1/whatif", post(views::whatif::begin_api))
        .route("/demo/{action}/{service}", post(forms::demo))
        .route("/demo/as", post(forms::demo_as))
        .route("/api/v1/incidents", post(api::raise))
        .route("/api/v1/incidents/{id}/acknowledge", post(api::acknowledge_incident))
        .route("/api/v1/incidents/{id}/resolve", post(api::resolve))
        .route("/api/v1/incidents/{id}/review", post(api::review))
        .route("/api/v1/incidents/{id}/notes", post(steer::note))
        .route("/api/v1/incidents/{id}/take", post(steer::take))
        .route("/api/v1/pages/{id}/escalate", post(steer::escalate))
        .route("/api/v1/pages/{id}/acknowledge", post(api::acknowledge_page))
        .route("/api/v1/features/{id}/sign", post(api::sign))
        .route("/rosters/{id}/{how}", post(rosters::answer_form))
        .route("/api/v1/rosters/{id}/{how}", post(rosters::answer))
        .route("/api/v1/rotas/{id}/rosters", post(rosters::propose))
        .route("/me/calendars", post(feeds::issue_form))
        .route("/me/calendars/{id}/revoke", post(feeds::revoke_form))
        .route("/api/v1/me/calendars", post(feeds::issue))
        .route("/api/v1/me/calendars/{id}", delete(feeds::revoke))
        .route("/overrides", post(duty::set_form))
        .route("/overrides/{id}/end", post(duty::end_form))
        .route("/swaps", post(duty::ask_form))
        .route("/swaps/{id}/{how}", post(duty::answer_form))
        .route("/api/v1/overrides", post(duty::set))
        .route("/api/v1/overrides/{id}/end", post(duty::end))
        .route("/api/v1/swaps", post(duty::ask))
        .route("/api/v1/swaps/{id}/{how}", post(duty::answer))
        .route("/api/v1/silences", post(api::silence))
        .route("/api/v1/silences/{id}/end", post(api::end_silence))
        .route("/maintenance", post(watching::plan_form))
        .route("/maintenance/{id}/cancel", post(watching::cancel_form))
        .route("/api/v1/maintenance", post(watching::plan_api))
        .route("/api/v1/maintenance/{id}/cancel", post(watching::cancel_api))
        .merge(handovers::writers())
        .merge(tribute::writers())
        .merge(deal::routes())
        .merge(backlog::writers())
        .merge(exclusions::writers())
        .merge(revisions::writers())
}
