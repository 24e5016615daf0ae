import TestSupport
import Testing

@Suite("An erasure whose process is killed", .clause("9.3d"))
struct ErasureCrashTests {
  @Test(
    "between any two of its effects leaves each part readable or gone, and goes on at the next start",
    .timeLimit(.minutes(10)))
  func killed() async throws {
    var kills = 0
    for step in 1...20 {
      // A person of its own for each kill, then a second one while it goes on.
      let folder = try TemporaryFolder("anju-erasure")
      let address = folder.path("anju.db")
      #expect(try await CrashProbe.run("privacy-erasure", address: address, step: 0) == .finished)
      let end = try await CrashProbe.run("privacy-erasure", address: address, step: step)
      guard end == .killed else {
        #expect(end == .finished, "step \(step)")
        break
      }
      kills += 1
      let second = try await CrashProbe.run("privacy-erasure", address: address, step: 2)
      #expect(second == .killed || second == .finished, "again after \(step): \(second)")
      #expect(try await CrashProbe.run("privacy-erasure", address: address, step: 0) == .finished, "after \(step)")
    }
    // Before it begins, around the account's part, around the record key's end, and after it.
    #expect(kills == 6)
  }
}
