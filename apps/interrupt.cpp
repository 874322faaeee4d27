#include "apps/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace quantrial {
namespace {

volatile std::sig_atomic_t flag = 0;  // a handler can reach nothing else

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART: read() returns EINTR
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  flag = 0;
  for (const int signal : {SIGINT, SIGTERM}) set_handler(signal, [](int) { flag = 1; });
}

InterruptGuard::~InterruptGuard() {
  for (const int signal : {SIGINT, SIGTERM}) set_handler(signal, SIG_DFL);
}

bool InterruptGuard::interrupted() const { return flag != 0; }
void InterruptGuard::clear() { flag = 0; }

}  // namespace quantrial
