//! Letters in the mailbox: replies of people, and mail that came back.
//!
//! A letter belongs to a notice by the address it was sent to (`lamp+no_12@…`) or by the letter it answers
//! (`In-Reply-To: <no_12@…>`), and to a person by its sender's address, which must be the one that the
//! notice went to. Whoever can forge both could speak for that person: the mail server in front of the
//! mailbox has to refuse forged senders (SPF, DKIM, DMARC), as the book says.

use super::desk::{self, Heard};
use super::receipts::{self, ReceiptEvidence};
use super::{Answer, people_at, send_answer};
use crate::Context;
use engine::{Purpose, Recipient};
use ingest::letter::LetterIn;
use model::{Medium, NoticeId};
use replies::About;

/// Carries out what a letter asks for. On `Err` it could not be stored, and should come again.
pub async fn heard_mail(context: &Context, letter: &LetterIn) -> Result<(), String> {
    let notice = notice_of(letter);
    if let Some(detail) = &letter.bounce {
        return bounced(context, notice, detail).await;
    }
    if letter.is_forged {
        tracing::warn!(
            "a letter was left alone: whoever took it in says that its sender has no right to that address"
        );
        return Ok(());
    }
    if letter.is_automatic {
        tracing::info!("a letter that a machine wrote was left alone");
        return Ok(());
    }
    let person = {
        let state = context.handle.state();
        let is = |it: &str| it.eq_ignore_ascii_case(letter.from.trim());
        let mut people = people_at(&state, Medium::Email, is);
        if let Some(it) = notice.and_then(|id| state.notices.get(&id)) {
            people.retain(|id| it.to == Recipient::Person(id.clone()));
        }
        people.into_iter().next()
    };
    let Some(person) = person else {
        tracing::info!(
            "a letter of somebody unknown, or about what went to somebody else, was left alone"
        );
        return Ok(());
    };
    let mut said = replies::parse(&letter.text);
    let page = notice.and_then(|id| {
        let state = context.handle.state();
        match state.notices.get(&id)?.purpose {
            Purpose::Page { page, .. } => Some(page),
            _ => None,
        }
    });
    if let (About::Unsaid, Some(page)) = (said.about, page) {
        said.about = About::Page(page);
    }
    let id = letter.message_id.as_str();
    let key = (!id.is_empty()).then(|| format!("hook/mail/{id}"));
    let asked = Heard { person: &person, media: &[Medium::Email], via: "email", key, said };
    let told = desk::carry_out(context, asked).await;
    if told.again {
        return Err(told.text);
    }
    let channel =
        context.handle.state().catalogue().and_then(|it| it.channel_for(Medium::Email).cloned());
    if let Some(channel) = channel
        && context.hooks.may_answer(&person, context.clock.now())
    {
        let answer = Answer { person, text: told.text };
        send_answer(context, &channel, Medium::Email, answer, id).await;
    }
    Ok(())
}

async fn bounced(context: &Context, notice: Option<NoticeId>, detail: &str) -> Result<(), String> {
    let Some(notice) = notice else {
        tracing::warn!("a letter came back, and nothing says which one it was");
        return Ok(());
    };
    let done = receipts::store(context, notice, ReceiptEvidence::Bounced, detail.to_owned()).await;
    done.map_err(|error| error.to_string())
}

/// The notice that a letter is about.
fn notice_of(letter: &LetterIn) -> Option<NoticeId> {
    let plus = |it: &String| NoticeId::parse(it.split_once('@')?.0.rsplit_once('+')?.1);
    let answered = |it: &String| NoticeId::parse(it.split_once('@')?.0);
    letter.to.iter().find_map(plus).or_else(|| letter.answers.iter().find_map(answered))
}
