//! Ways out: what media are called, which channel reaches people and which a room, and in which order
//! channels of one medium are tried.
//!
//! Intuition: two postmen on the same road. The one with the smaller number goes first; the other is
//! there for the day on which the first does not come.
//!
//! Invariants:
//! - the order depends on the catalogue alone, so that every node of an organisation takes the same;
//! - a channel that only knows a room never carries what is meant for one person.

use crate::{Catalogue, Channel, ChannelId, Medium};

/// The priority of a channel for which none is written.
pub const PRIORITY_USUAL: u16 = 100;

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 12] = [
        Self::Email,
        Self::Sms,
        Self::Ntfy,
        Self::Webhook,
        Self::Voice,
        Self::Pushover,
        Self::Slack,
        Self::Mattermost,
        Self::Teams,
        Self::Discord,
        Self::Telegram,
        Self::Matrix,
    ];

    /// What people call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::Sms => "SMS",
            Self::Ntfy => "push",
            Self::Webhook => "webhook",
            Self::Voice => "call",
            Self::Pushover => "Pushover",
            Self::Slack => "Slack",
            Self::Mattermost => "Mattermost",
            Self::Teams => "Teams",
            Self::Discord => "Discord",
            Self::Telegram => "Telegram",
            Self::Matrix => "Matrix",
        }
    }

    /// The key of a person's address of this medium in the configuration; `None`: people have none.
    #[must_use]
    pub fn contact_key(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email"),
            Self::Sms => Some("sms"),
            Self::Ntfy => Some("ntfy"),
            Self::Voice => Some("voice"),
            Self::Pushover => Some("pushover"),
            Self::Slack => Some("slack"),
            Self::Mattermost => Some("mattermost"),
            Self::Telegram => Some("telegram"),
            Self::Matrix => Some("matrix"),
            Self::Webhook | Self::Teams | Self::Discord => None,
        }
    }
}

impl Channel {
    /// Whether it can carry a message to one person's address.
    #[must_use]
    pub fn reaches_people(&self) -> bool {
        !matches!(
            self,
            Self::Webhook { .. }
                | Self::SlackWebhook { .. }
                | Self::Teams { .. }
                | Self::Discord { .. }
        )
    }

    /// Whether it can be paged itself: it leads to one place, whoever is meant.
    #[must_use]
    pub fn is_place(&self) -> bool {
        match self {
            Self::Webhook { .. }
            | Self::SlackWebhook { .. }
            | Self::Mattermost { .. }
            | Self::Teams { .. }
            | Self::Discord { .. }
            | Self::Inbox => true,
            Self::Slack { room, .. }
            | Self::Telegram { room, .. }
            | Self::Matrix { room, .. }
            | Self::Pushover { room, .. } => room.is_some(),
            Self::Smtp { .. }
            | Self::Twilio { .. }
            | Self::TwilioVoice { .. }
            | Self::HttpSms { .. }
            | Self::Kannel { .. }
            | Self::Ntfy { .. } => false,
        }
    }
}

impl Catalogue {
    /// The channels that carry `medium` to people, in the order in which they are tried: by priority,
    /// then by id.
    pub fn channels_for(&self, medium: Medium) -> impl Iterator<Item = &ChannelId> {
        let carries = move |it: &Channel| it.reaches_people() && it.media().contains(&medium);
        let mut found: Vec<_> =
            self.channels.iter().filter(|(_, it)| carries(it)).map(|(id, _)| id).collect();
        found.sort_by_key(|it| (self.priority_of(it), *it));
        found.into_iter()
    }

    /// The priority of a channel: a smaller number is tried first.
    #[must_use]
    pub fn priority_of(&self, channel: &ChannelId) -> u16 {
        self.channel_priorities.get(channel).copied().unwrap_or(PRIORITY_USUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretRef;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn channels_are_tried_by_priority_and_then_by_id() {
        let kannel = || Channel::Kannel {
            url: "http://127.0.0.1:13013/cgi-bin/sendsms".into(),
            username: "lamp".into(),
            password: SecretRef::Env("KANNEL".into()),
            from: None,
            smsc: None,
        };
        let secret = || SecretRef::Env("SLACK".into());
        let room = Channel::SlackWebhook { webhook: secret() };
        let bot = Channel::Slack {
            url: String::new(),
            token: secret(),
            room: None,
            signing_secret: None,
        };
        let channels = [
            ("a", kannel()),
            ("b", kannel()),
            ("c", kannel()),
            ("d", kannel()),
            ("room", room),
            ("slack", bot),
        ];
        let check = |priorities: &[(&str, u16)], medium, expect: &[&str]| {
            let catalogue = Catalogue {
                org: "solar".into(),
                public_url: None,
                people: BTreeMap::new(),
                teams: BTreeMap::new(),
                services: BTreeMap::new(),
                features: BTreeMap::new(),
                rotas: BTreeMap::new(),
                escalations: BTreeMap::new(),
                channels: channels.clone().map(|(id, it)| (id.into(), it)).into(),
                channel_receipts: BTreeMap::new(),
                channel_priorities: priorities.iter().map(|(id, it)| ((*id).into(), *it)).collect(),
                back: crate::Back::default(),
                pay: None,
                sources: BTreeMap::new(),
                watched: crate::Watched::default(),
                pager: crate::Pager::default(),
            };
            let found: Vec<_> = catalogue.channels_for(medium).map(ChannelId::as_str).collect();
            assert_eq!(found, expect, "{priorities:?}");
            assert_eq!(
                catalogue.channel_for(medium).map(ChannelId::as_str),
                found.first().copied()
            );
        };
        check(&[], Medium::Sms, &["a", "b", "c", "d"]);
        check(&[("c", 1), ("a", 200)], Medium::Sms, &["c", "b", "d", "a"]);
        check(&[("d", 7), ("b", 7)], Medium::Sms, &["b", "d", "a", "c"]);
        check(&[], Medium::Voice, &[]);
        // A webhook knows one room, so nobody's direct message goes there.
        check(&[("room", 1)], Medium::Slack, &["slack"]);
    }

    #[test]
    fn every_medium_has_a_word_and_a_key_of_its_own() {
        let words: BTreeSet<_> = Medium::ALL.map(Medium::word).into();
        assert_eq!(words.len(), Medium::ALL.len());
        let keys: Vec<_> = Medium::ALL.iter().filter_map(|it| it.contact_key()).collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        let inbox: BTreeSet<_> = Channel::Inbox.media().iter().collect();
        assert_eq!(inbox, Medium::ALL.iter().collect());
        assert_eq!(Channel::Inbox.media().last(), Some(&Medium::Webhook), "it is what a place is");
    }
}
