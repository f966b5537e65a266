//! The letter that reminds somebody of a silence of theirs.

use super::{Desk, address, callbacks, late, local, zone_of};
use channels::{Message, Priority, SHORT_LENGTH_MAX, one_line, short};
use engine::{Notice, ReminderReason};
use model::{NoticeId, SilenceId};
use std::fmt::Write as _;

/// Hidden alerts that are named.
const NAMED_MAX: usize = 20;

pub(super) fn letter(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    silence_id: SilenceId,
    reason: ReminderReason,
) -> Result<Message, String> {
    let Some(silence) = desk.state.silences.get(&silence_id) else {
        return Err(format!("{silence_id} is no longer known"));
    };
    let to = address(desk, notice)?;
    let zone = zone_of(desk.state.catalogue(), notice);
    let ends = local(desk.zones, zone, silence.ends_at);
    let matchers: Vec<String> = silence.matchers.iter().map(ToString::to_string).collect();
    let matchers = matchers.join(", ");
    let subject = match reason {
        ReminderReason::EndsSoon => {
            format!("Your silence {silence_id} ends soon, and hid something")
        }
        ReminderReason::StillHides => format!("Your silence {silence_id} still hides something"),
    };
    let mut text = format!("{subject}\n\nIt hides: {matchers}\nUntil: {ends}\n");
    let _ = writeln!(text, "Hidden so far: {}", silence.hid_count);
    let known = silence.hid.iter().rev().filter_map(|it| Some((it, desk.state.alerts.get(it)?)));
    for (alert, it) in known.take(NAMED_MAX) {
        let _ = writeln!(text, "- {alert}: {}", one_line(&it.summary));
    }
    let told = match reason {
        ReminderReason::EndsSoon => {
            "What still fires when it ends is heard then, and may call people."
        }
        ReminderReason::StillHides => {
            "If nobody misses these alerts, change or remove them; if somebody does, end the silence."
        }
    };
    let url = format!("{}/silences#silence-{silence_id}", desk.public_url);
    let _ = writeln!(text, "\n{told}\n\nEnd it or look at it: {url}");
    if let Some(late) = late(desk, notice) {
        let _ = writeln!(text, "{late}");
    }
    Ok(Message {
        key: id.to_string(),
        to,
        short: short(&subject, SHORT_LENGTH_MAX),
        subject,
        text,
        ack_url: None,
        url: Some(url),
        actions: vec![],
        callbacks: callbacks(desk, id, notice),
        priority: Priority::Normal,
        data: serde_json::json!({ "type": "silence_reminder", "silence": silence_id }),
    })
}
