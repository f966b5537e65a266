//! Slots as bytes: for each, subject, nonce and sealed text, each behind its length.

use crate::Slot;

pub(crate) fn encode(slots: &[Slot]) -> Vec<u8> {
    let mut bytes = vec![];
    for slot in slots {
        for part in [slot.subject.as_bytes(), &slot.nonce, &slot.sealed] {
            let length = u32::try_from(part.len()).expect("a slot is far below 4 GiB");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

/// Damaged bytes give what could be read: the hash chain tells that they are damaged.
pub(crate) fn decode(mut bytes: &[u8]) -> Vec<Slot> {
    let mut slots = vec![];
    while !bytes.is_empty() {
        let Some((subject, nonce, sealed)) = slot(&mut bytes) else {
            let subject = "damaged".to_owned();
            slots.push(Slot { subject, nonce: vec![], sealed: bytes.to_vec() });
            break;
        };
        let subject = String::from_utf8_lossy(subject).into_owned();
        slots.push(Slot { subject, nonce: nonce.to_vec(), sealed: sealed.to_vec() });
    }
    slots
}

fn slot<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    Some((part(bytes)?, part(bytes)?, part(bytes)?))
}

fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part)
}
