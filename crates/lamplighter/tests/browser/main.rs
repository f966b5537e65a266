//! The whole story of the demo, walked through in a real browser at the width of a telephone.

#![cfg(feature = "servers")]

mod audit;
mod chromium;
mod demo;
mod whatif;

mod needs_server {
    use super::chromium::Browser;
    use super::demo::Demo;

    #[test]
    fn a_newcomer_breaks_carrier_a_is_paged_takes_it_mends_it_and_writes_a_review() {
        let demo = Demo::start();
        let mut browser = Browser::start();
        browser.open(&demo.address);
        browser.wait_for("document.querySelector('#break-carrier-a')");
        browser.wait_for("document.querySelectorAll('[id^=feature-]').length === 3");
        browser.screenshot("1-now");
        browser.audit();

        browser.click("#break-carrier-a");
        // Without being touched, the view comes to show the incident: server-sent events.
        browser.wait_for("document.querySelector('[id^=take-in_]')");
        browser.screenshot("2-burning");

        browser.open(&format!("{}/inbox", demo.address));
        browser.wait_for("document.querySelector('a.take')");
        browser.screenshot("3-inbox");
        browser.audit();
        let link = browser.text("document.querySelector('a.take').getAttribute('href')");
        browser.open(&link);
        browser.wait_for("document.querySelector('#take')");
        browser.screenshot("4-link");
        browser.click("#take");
        browser.wait_for("document.querySelector('#taken')");

        browser.open(&demo.address);
        browser.click("#mend-carrier-a");
        browser.wait_for("document.querySelector('#break-carrier-a')");
        browser.open(&format!("{}/incidents/in_1", demo.address));
        browser.wait_for("document.querySelector('#resolved')");
        browser.wait_for("document.querySelector('#publish')");
        browser.fill("#text", "The carrier's certificate had ended. We watch its end from now on.");
        browser.screenshot("5-review");
        browser.audit();
        browser.click("#publish");
        browser.wait_for("document.querySelector('main pre')");
        let review = browser.text("document.querySelector('main pre').textContent");
        assert_eq!(review, "The carrier's certificate had ended. We watch its end from now on.");
        browser.screenshot("6-reviewed");

        let views = [
            ("/features/light-on", "7-feature"),
            ("/oncall", "8-oncall"),
            ("/tokens", "9-tokens"),
            ("/silences", "10-silences"),
            ("/oncall/calendar", "11-calendar"),
            ("/handovers", "12-handovers"),
            ("/tribute", "13-tribute"),
        ];
        for (path, name) in views {
            browser.open(&format!("{}{path}", demo.address));
            browser.wait_for("document.querySelector('main h1')");
            browser.screenshot(name);
            browser.audit();
            browser.fits();
        }
        super::whatif::walk(&mut browser, &demo);
        super::whatif::most(&mut browser);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "the browser complains of nothing");
    }
}
