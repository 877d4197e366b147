// greet-statically: a program without interpreter or library; says "hello".
#include "probe.h"

int main() {
  probe::say("hello");
}
