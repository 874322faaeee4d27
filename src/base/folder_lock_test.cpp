#include "base/folder_lock.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace quantrial {
namespace {

TEST(FolderLock, IsHeldByOneAtATime) {
  const TemporaryFolder folder("folder-lock");
  {
    const FolderLock held(folder.path());
    EXPECT_THROW(FolderLock(folder.path()), Error);  // another opening, as of another process
  }
  const FolderLock again(folder.path());
}

TEST(FolderLock, RefusesWhatIsNoFolder) { EXPECT_THROW(FolderLock("/dev/null"), Error); }

}  // namespace
}  // namespace quantrial
