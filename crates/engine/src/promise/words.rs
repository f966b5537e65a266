//! What happened to promises, as sentences.

use super::PromiseEvent;
use model::PersonId;

pub(crate) fn tell(event: &PromiseEvent, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        PromiseEvent::Explained { feature, revision, by, reason, evidence } => {
            let evidence = match evidence {
                Some(it) => format!(" Evidence: {}", it.text().unwrap_or("(erased)")),
                None => String::new(),
            };
            format!(
                "{} said of revision {revision} of `{feature}`: {}{evidence}",
                person(by),
                reason.text().unwrap_or("(erased)"),
            )
        }
        PromiseEvent::ReviewAsked { of, notices, ask } => {
            let how = if !notices.is_empty() {
                ""
            } else if of.letter == *ask {
                "; nothing calm reaches them"
            } else {
                "; one message names it with others"
            };
            format!(
                "{} is asked to look at `{}` again, which was to be by {} (request {}, {}){how}.",
                person(&of.person),
                of.feature,
                of.day,
                of.count,
                of.at,
            )
        }
        PromiseEvent::Reviewed { feature, by, next, reason } => format!(
            "{} looked at `{feature}` again and leaves it as it is until {next}: {}",
            person(by),
            reason.text().unwrap_or("(erased)"),
        ),
    }
}
