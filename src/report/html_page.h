// The report as one HTML file: style and charts inline, no script, nothing from the network.
#pragma once

#include <string>
#include <vector>

#include "report/section.h"

namespace quantrial::report {

struct PageTitle {
  std::string title, subtitle;
};
std::string html_page(const PageTitle& title, const std::vector<Section>& sections);

extern const char* const html_style;  // html_style.cpp

}  // namespace quantrial::report
