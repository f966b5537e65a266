//! The way in for the first administrator: a link that is printed once and spent by use.

use crate::Problem;
use driver::Handle;
use engine::{Command, Role, Submission, TokenKind};
use model::{Millis, TokenId};

/// How long a set-up link can be used.
pub const SETUP_TTL: Millis = Millis::from_days(1);

/// The set-up link of an organisation without an administrator; `None` when there is one. Links made
/// at earlier starts end.
pub(crate) async fn link(handle: &Handle, public_url: &str) -> Result<Option<String>, Problem> {
    let old: Vec<TokenId> = {
        let state = handle.state();
        if state.access.passwords.values().any(|it| it.role == Role::Admin) {
            return Ok(None);
        }
        let setup =
            |(id, it): (&TokenId, &engine::Token)| (it.kind == TokenKind::Setup).then_some(*id);
        state.access.tokens.iter().filter_map(setup).collect()
    };
    let failed = |error| Problem::unreachable("could not make the set-up link").detail(error);
    for token in old {
        let revoke = Submission::system(Command::RevokeToken { token });
        handle.submit(revoke).await.map_err(failed)?;
    }
    let secret = web::new_secret("setup");
    let command = Command::IssueToken {
        kind: TokenKind::Setup,
        person: None,
        label: "first administrator".to_owned(),
        sha256: web::hash_token(&secret),
        expires_at: Some(handle.now().plus(SETUP_TTL)),
    };
    handle.submit(Submission::system(command)).await.map_err(failed)?;
    Ok(Some(format!("{public_url}/setup/{secret}")))
}
