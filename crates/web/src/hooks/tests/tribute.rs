//! Interruptions noted by text message, and who takes them.

use super::*;
use replies::septets;

/// A house in which Bo has the tribute of the payments team.
async fn tributary() -> House {
    let mut it = connected();
    let mut rota = it.rotas.values().next().expect("of the example").clone();
    rota.layers.truncate(1);
    rota.layers[0].people = vec!["bo".into()];
    it.rotas.insert("door".into(), rota);
    let team = it.teams.values_mut().next().expect("of the example");
    team.tribute = Some("door".into());
    for person in ["ana", "bo"] {
        if !team.members.contains(&person.into()) {
            team.members.push(person.into());
        }
    }
    House::of(Mode::Serve, it).await
}

#[tokio::test]
async fn one_word_notes_an_interruption_and_says_who_was_there_to_take_it() {
    let house = tributary().await;
    let team = house.handle.state().catalogue().unwrap().teams.keys().next().unwrap().clone();
    let told = house.says("a", ANA, "INTERRUPTED").await;
    let noted =
        format!("Noted for {team}: 15 min, other. It went past the tribute: Bo Otieno has it.");
    assert_eq!(told, noted);
    let kept = house.handle.state().tribute.noted[&1].clone();
    assert_eq!((kept.minutes, kept.via.as_str(), kept.leaked()), (15, "sms", true));
    // Delivered once more it is answered alike, and counted once.
    assert_eq!(house.says("a", ANA, "INTERRUPTED").await, noted);
    assert_eq!(house.handle.state().tribute.last, 1);
    assert_eq!(
        house.says("b", BO, "interrupted 5 question").await,
        format!("Noted for {team}: 5 min, question. You have the tribute.")
    );
    let told = house.says("c", ANA, "interrupted 2h ticket hand where is the invoice?").await;
    assert_eq!(
        told,
        format!(
            "Noted for {team}: 120 min, ticket. It went past the tribute, and goes to Bo Otieno."
        )
    );
    let text = house.handle.state().tribute.noted[&3].text.clone();
    assert_eq!(text.as_ref().and_then(|it| it.text()), Some("where is the invoice?"));
    assert_eq!(
        house.says("d", ANA, "interrupted 0").await,
        "Nothing was done: say how long it took, in minutes: at least 1, at most a day"
    );
    assert!(septets(&told).is_some_and(|it| it <= 160), "{told}");
}

#[tokio::test]
async fn who_has_the_tribute_is_told() {
    let house = tributary().await;
    let all = house.says("a", ANA, "WHO TRIBUTE").await;
    assert!(all.starts_with("door: Bo Otieno until "), "{all}");
    assert_eq!(house.says("b", ANA, "tribute").await, all);
    assert_eq!(
        house.says("c", ANA, "who has the tribute of kitchen?").await,
        "No such team has a tribute. Nobody takes its interruptions."
    );
}

#[tokio::test]
async fn without_a_tribute_nothing_is_noted() {
    let house = house().await;
    assert_eq!(
        house.says("a", ANA, "INTERRUPTED 5").await,
        "Nothing was done: ana is in no team with a tribute; name the team"
    );
}
