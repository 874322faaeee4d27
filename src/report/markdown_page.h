// The report in Markdown: what the HTML says, with tables in place of charts.
#pragma once

#include <string>
#include <vector>

#include "report/html_page.h"
#include "report/section.h"

namespace quantrial::report {

std::string markdown_page(const PageTitle& title, const std::vector<Section>& sections);

}  // namespace quantrial::report
