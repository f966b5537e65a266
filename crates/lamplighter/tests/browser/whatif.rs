//! A manager tries other ways of working: the form, the report on a telephone, and two sheets of paper.

use super::chromium::Browser;
use super::demo::Demo;
use base64::Engine as _;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Twelve ways of working with long names: the most there can be.
const MOST: &str = r"
weeks: 8
warm_up_weeks: 1
teams:
  a-team-with-a-rather-long-name: { people: 4, timezone: Africa/Nairobi, owns: [gateway, firmware] }
  payments: { people: 4, timezone: Europe/Berlin, owns: [billing, ledger] }
  third: { people: 6, timezone: Asia/Kolkata, owns: [x] }
work:
  - { class: page, per_week: 2, hours: 1 }
  - { class: ticket, per_week: 24, hours: 1.5, comes: working-hours }
structures:
  - ad-hoc
  - tribute
  - collectives
  - product-teams
  - service-centre
  - embedded
  - short-first-pool
  - teams-with-overflow
  - { preset: tribute, name: two-at-a-tribute-desk, staff: 2 }
  - { preset: tribute, name: three-at-a-tribute-desk, staff: 3 }
  - { preset: service-centre, name: large-service-centre, staff: 5 }
  - { preset: product-teams, name: two-in-each, staff: 6 }
replications: { min: 3, max: 3 }
";

impl Browser {
    /// Fails where the view is wider than the screen.
    pub(crate) fn fits(&mut self) {
        let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
        let place = self.text("location.pathname");
        assert_eq!(self.text(&format!("String({wide})")), "false", "{place} fits a telephone");
    }

    /// How many sheets of paper it is.
    fn sheets(&mut self, name: &str) -> usize {
        let how = json!({ "preferCSSPageSize": true, "printBackground": true });
        let printed = self.call("Page.printToPDF", how);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(printed["data"].as_str().expect("a document"))
            .expect("base64");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.pdf")), &bytes).expect("written");
        String::from_utf8_lossy(&bytes)
            .lines()
            .filter(|it| it.trim_end().ends_with("/Type /Page"))
            .count()
    }

    /// Every table and picture that is wider than the screen moves by key.
    fn slides_move_by_key(&mut self) {
        let script = "(async () => { const stuck = []; \
            for (const it of document.querySelectorAll('[tabindex=\"0\"]')) { \
              if (it.scrollWidth <= it.clientWidth + 1) continue; \
              it.focus(); \
              if (document.activeElement !== it) stuck.push(it.ariaLabel); \
            } return stuck.join(', '); })()";
        assert_eq!(self.text(script), "", "wide parts take the focus");
    }
}

/// From the form to the two pages.
pub(crate) fn walk(browser: &mut Browser, demo: &Demo) {
    browser.open(&format!("{}/whatif", demo.address));
    browser.wait_for("document.querySelector('#team-0').value !== ''");
    browser.screenshot("20-whatif");
    browser.audit();
    browser.fits();
    browser.fill("#per-week-ticket", "20");
    browser.click("form[action=\"/whatif\"] button");
    browser.wait_for("document.querySelector('#report')");
    browser.screenshot("21-whatif-done");
    browser.audit();
    browser.fits();
    browser.click("#report");
    browser.wait_for("document.querySelectorAll('section.sheet').length === 2");
    browser.screenshot("22-report");
    browser.audit();
    browser.fits();
    browser.slides_move_by_key();
    assert_eq!(browser.sheets("23-report"), 2, "it prints on two sheets");
}

/// The most there can be is two sheets as well.
pub(crate) fn most(browser: &mut Browser) {
    let folder = std::env::temp_dir().join(format!("lamplighter-report-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("most.yaml"), MOST).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_lamplighter"))
        .args(["whatif", "most.yaml", "--report", "most.html"])
        .current_dir(&folder)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    browser.open(&format!("file://{}", folder.join("most.html").display()));
    browser.wait_for("document.querySelectorAll('section.sheet').length === 2");
    browser.screenshot("24-most");
    browser.audit();
    browser.fits();
    browser.slides_move_by_key();
    assert_eq!(browser.sheets("25-most"), 2, "twelve ways of working print on two sheets");
    std::fs::remove_dir_all(&folder).expect("ours");
}
