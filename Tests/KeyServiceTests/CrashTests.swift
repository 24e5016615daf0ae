import TestSupport
import Testing

@Suite("A key service that is killed while it rotates")
struct CrashTests {
  @Test("at any step finds every key readable at the next start, and goes on to the end", .clause("9.2.2a"))
  func killed() async throws {
    let folder = try TemporaryFolder("anju-vault-crash")
    let address = folder.path("vault")
    #expect(try await CrashProbe.run("vault-rotation", address: address, step: 0) == .finished)
    var kills = 0
    // Each run checks all keys before and after. The steps of one rotation are few; beyond the last it runs through.
    for step in 1...12 {
      let end = try await CrashProbe.run("vault-rotation", address: address, step: step)
      if end == .killed {
        kills += 1
        #expect(try await CrashProbe.run("vault-rotation", address: address, step: 0) == .finished, "after \(step)")
      } else {
        #expect(end == .finished, "step \(step)")
        break
      }
    }
    // The token's key, the rotation, a key in each of two batches, the batch between, the end before and after its
    // commit, and the look that finds nothing more.
    #expect(kills == 8)
  }
}
