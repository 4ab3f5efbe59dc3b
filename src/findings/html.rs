//! Findings as one page that needs nothing else: to read, to print, to keep.

use super::report::Report;
use crate::weights::Head;
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#111;background:#fff}table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #999;padding:.3rem .5rem;text-align:right}\
th:first-child,td:first-child{text-align:left}.notice{border:2px solid #111;padding:.5rem 1rem;\
font-weight:600}.concern{border-left:6px solid #a00;padding:.2rem 1rem}dt{font-weight:600}\
dd{margin:0 0 .4rem;overflow-wrap:anywhere}img{max-width:100%;image-rendering:pixelated}\
figure{margin:1rem 0;break-inside:avoid}@media print{body{margin:0;max-width:none}\
tr{break-inside:avoid}}";

/// Return the page. `pictures`: caption and PNG, shown in their order.
#[must_use]
pub fn html(report: &Report, pictures: &[(String, Vec<u8>)]) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(&mut page, report, pictures);
    page
}

fn write_page(
    page: &mut String,
    report: &Report,
    pictures: &[(String, Vec<u8>)],
) -> std::fmt::Result {
    let title = format!("Findings in {}", report.input.title);
    write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:\"><title>{0}</title><style>{STYLE}</style></head>\
         <body><h1>{0}</h1><p class=\"notice\">{1}.</p>",
        escape(&title),
        escape(report.notice)
    )?;
    let warnings = report.warnings.iter().map(|warning| &warning.message);
    for message in report.concerns.iter().map(|concern| &concern.message).chain(warnings) {
        write!(page, "<p class=\"concern\">{}</p>", escape(message))?;
    }
    if report.findings.is_empty() {
        write!(page, "<p>No place reached {:.3}.</p>", report.search.min_probability)?;
    } else {
        write!(
            page,
            "<table><caption>Most probable first</caption><thead><tr><th>Finding</th>\
             <th>Probability</th><th>Slice</th><th>Pixel x, y</th><th>Place x, y, z in mm (LPS)</th>\
             <th>Diameter in mm, estimated</th></tr></thead><tbody>"
        )?;
        for row in &report.findings {
            let place = row.world_mm.map_or_else(
                || "not known".to_owned(),
                |[x, y, z]| format!("{x:.1}, {y:.1}, {z:.1}"),
            );
            let diameter = row.diameter_mm.map_or("-".to_owned(), |mm| format!("{mm:.1}"));
            let count = row.slice_indices[1] + 1 - row.slice_indices[0];
            let through = if count > 1 { format!(" (seen in {count})") } else { String::new() };
            // People count slices from 1.
            write!(
                page,
                "<tr><td>{}</td><td>{:.3}{}</td><td>{}{through}</td><td>{:.0}, {:.0}</td>\
                 <td>{place}</td><td>{diameter}</td></tr>",
                row.rank,
                row.probability,
                if row.nodule { " *" } else { "" },
                row.slice_number,
                row.pixel[0],
                row.pixel[1],
            )?;
        }
        write!(
            page,
            "</tbody></table><p>* reaches the threshold of the model, {:.3}. Each place was seen {}.</p>",
            report.model.threshold,
            match report.model.head {
                Head::Patch => "as a patch alone",
                Head::Context => "with its surroundings",
            }
        )?;
    }
    for note in &report.notes {
        write!(page, "<p>{}</p>", escape(note))?;
    }
    for (caption, png) in pictures {
        write!(
            page,
            "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{0}</figcaption>\
             </figure>",
            escape(caption),
            base64(png)
        )?;
    }
    write!(page, "<h2>How it came about</h2><dl>")?;
    let search = &report.search;
    let [width, height, depth] = report.input.size;
    let voxel = report.input.spacing_mm.map_or_else(
        || "of unknown size".to_owned(),
        |[x, y, z]| format!("of {x:.3} x {y:.3} x {z:.3} mm"),
    );
    let mut facts = vec![
        ("Program".to_owned(), report.program.clone()),
        ("Created".to_owned(), report.created.clone().unwrap_or_else(|| "not told".to_owned())),
        ("Model".to_owned(), format!("{}, SHA-256 {}", report.model.id, report.model.sha256)),
        ("Preprocessing".to_owned(), report.model.preprocess_id.clone()),
        ("Input".to_owned(), format!("{}, SHA-256 {}", report.input.format, report.input.sha256)),
        ("Size".to_owned(), format!("{width} x {height} x {depth} voxels {voxel}")),
        (
            "Search".to_owned(),
            format!(
                "every {} pixels, {}, {} of {depth} slices; places of at least {:.3}, {} mm apart",
                search.stride_px,
                if search.lung_mask { "in the lungs" } else { "everywhere" },
                search.slices_scanned,
                search.min_probability,
                search.min_distance_mm
            ),
        ),
    ];
    facts.extend(report.input.identity.iter().cloned());
    for (name, value) in facts {
        write!(page, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&value))?;
    }
    write!(page, "</dl></body></html>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, k| bits << 8 | u32::from(*chunk.get(k).unwrap_or(&0)));
        for k in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * k) & 63) as usize];
            text.push(if k <= chunk.len() { letter.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_rfc_s() {
        let told = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|s| base64(s.as_bytes()));
        assert_eq!(told, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }
}
