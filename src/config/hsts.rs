use super::problem::Reason;
use super::raw::{File, Table};
use crate::hsts::Hsts;

/// Takes `hsts` out of a domain's table: nothing is told to browsers where it is left out.
pub(super) fn read(file: &File<'_>, domain: &mut Table<'_, '_>) -> Option<Hsts> {
    let is_there = domain.has("hsts");
    let mut table = domain.table("hsts");
    if is_there && !table.has("max_age") {
        file.report(table.offset(), Reason::MissingKey("max_age"));
    }
    let max_age = table.string("max_age").and_then(|text| {
        let allowed = "a length of time in whole seconds from \"0s\" to \"730d\", like \"30d\"";
        table.parse("max_age", allowed, &text, |text| {
            let age = humantime::parse_duration(text).ok()?;
            let age = u32::try_from(age.as_secs())
                .ok()
                .filter(|_| age.subsec_nanos() == 0);
            age.filter(|age| *age <= LONGEST)
        })
    });
    let include_subdomains = table.boolean("include_subdomains").unwrap_or(false);
    table.finish();
    Some(Hsts {
        max_age: max_age?,
        include_subdomains,
    })
}

/// Two years, which lists of domains that browsers know beforehand ask for at most.
const LONGEST: u32 = 730 * 86_400;
