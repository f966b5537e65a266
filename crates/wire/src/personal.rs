//! Finding personal text in JSON, whatever it stands in.
//!
//! `model::Personal` serialises as `{"$personal": {"subject": …, "text": …}}`. Outside, that becomes
//! `{"$slot": n}`; inside, it comes back as it was, or with `"text": null` once it is erased.

use crate::seal::{Keyring, Random, SealError, Slot, open, seal};
use serde_json::{Value, json};

/// Takes every personal text out of `value`, leaving numbers, and returns the sealed texts.
pub(crate) fn take_out(
    value: &mut Value,
    slots: &mut Vec<Slot>,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<(), SealError> {
    if let Some(inner) = value.get("$personal") {
        let subject = inner["subject"].as_str().unwrap_or_default();
        let slot = match inner["text"].as_str() {
            Some(text) => seal(subject, text, keys, random)?,
            None => Slot { subject: subject.to_owned(), nonce: vec![], sealed: vec![] },
        };
        slots.push(slot);
        *value = json!({ "$slot": slots.len() - 1 });
        return Ok(());
    }
    for child in children(value) {
        take_out(child, slots, keys, random)?;
    }
    Ok(())
}

/// Puts personal texts back; one whose key is gone comes back without text.
pub(crate) fn put_back(
    value: &mut Value,
    slots: &[Slot],
    keys: &mut dyn Keyring,
) -> Result<(), SealError> {
    if let Some(number) = value.get("$slot").and_then(Value::as_u64) {
        let slot = usize::try_from(number).ok().and_then(|it| slots.get(it));
        let slot = slot.ok_or_else(|| SealError(format!("slot {number} is missing")))?;
        let text = open(slot, keys)?;
        *value = json!({ "$personal": { "subject": slot.subject, "text": text } });
        return Ok(());
    }
    for child in children(value) {
        put_back(child, slots, keys)?;
    }
    Ok(())
}

/// Blanks every personal text, so that what is left does not change when somebody is erased.
pub(crate) fn blank(value: &mut Value) {
    if let Some(inner) = value.get_mut("$personal") {
        inner["text"] = Value::Null;
        return;
    }
    children(value).for_each(blank);
}

fn children(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(fields) => Box::new(fields.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}
