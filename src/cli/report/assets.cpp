// SPDX-License-Identifier: Apache-2.0
#include "assets.hpp"

namespace dropwarden::cli::report {

const std::string_view style = R"css(
:root{color-scheme:light dark;--line:#8884;--bar:#4a78b8;--low:#4a78b8;--medium:#b88a00;--high:#c43c2c;--critical:#8b0f2f}
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:90rem;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p.about{margin:.2rem 0 1rem;opacity:.75}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:1rem 0;position:sticky;top:0;padding:.5rem 0;background:Canvas}
label{display:flex;flex-direction:column;font-size:.8rem;gap:.15rem}
input,select,button{font:inherit;padding:.2rem .4rem}
output{padding:.3rem 0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right}
td.name,td.path{overflow-wrap:anywhere;font-family:ui-monospace,monospace}
td.time,td.id{white-space:nowrap;font-family:ui-monospace,monospace}
td.id{opacity:.7}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:0 2rem}
.low{color:var(--low)}.medium{color:var(--medium)}.high{color:var(--high);font-weight:600}.critical{color:var(--critical);font-weight:700}
svg{width:100%;height:8rem;display:block;border-bottom:1px solid var(--line)}
svg rect{fill:var(--bar)}
.scale{display:flex;justify-content:space-between;font-size:.8rem;opacity:.75}
tr[hidden]{display:none}
)css";

// Reads what stands in the page and hides what does not fit; it writes no markup.
const std::string_view script = R"js(
"use strict";
(() => {
  const rows = [...document.querySelectorAll("#findings tbody tr")];
  const field = (name) => document.getElementById(name);
  const names = ["text", "container", "image", "severity"];
  const apply = () => {
    const text = field("text").value.toLowerCase();
    const container = field("container").value;
    const image = field("image").value;
    const severity = Number(field("severity").value);
    let shown = 0;
    for (const row of rows) {
      const fits = (text === "" || row.textContent.toLowerCase().includes(text)) &&
        (container === "" || row.dataset.container === container) &&
        (image === "" || row.dataset.image === image) &&
        Number(row.dataset.severity) >= severity;
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    field("shown").textContent = `${shown} of ${rows.length}`;
    // What is shown can be handed on as an address.
    const chosen = new URLSearchParams();
    for (const name of names) {
      const value = field(name).value;
      if (value !== "" && !(name === "severity" && severity === 0)) chosen.set(name, value);
    }
    history.replaceState(null, "", `#${chosen}`);
  };
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const name of names) if (asked.has(name)) field(name).value = asked.get(name);
  for (const name of names) field(name).addEventListener("input", apply);
  field("filters").addEventListener("submit", (event) => event.preventDefault());
  field("filters").addEventListener("reset", () => setTimeout(apply));
  for (const row of document.querySelectorAll("tr[data-choose]")) {
    row.addEventListener("click", () => {
      const select = field(row.dataset.choose);
      select.value = select.value === row.dataset.value ? "" : row.dataset.value;
      apply();
    });
  }
  apply();
})();
)js";

}  // namespace dropwarden::cli::report
