import Accounts
import Audit
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Privacy

@Suite("An erasure", .clause("9.3d"))
struct ErasureTests {
  private func approved(_ bench: PrivacyBench) async throws -> PrivacyRequest {
    for number in 1...5 { try await bench.notes.write("便签 \(number)", number, of: bench.subject) }
    _ = try await bench.privacy.record(
      ConsentWill(.grant, "face", version: 1, isExplicit: true, language: "zh-CN", channel: "console"), for: bench.id,
      by: bench.person)
    let request = try await bench.verified(NewPrivacyRequest(kind: .erasure, note: "我搬走了"))
    return try await bench.privacy.decide(request.id, approve: true, reason: "同意", by: bench.officer)
  }

  /// Nothing of the person is left, and the proof that it was done is there without the data.
  private func expectErased(_ bench: PrivacyBench, _ id: ID<PrivacyRequest>, sealed: [[UInt8]]) async throws {
    let detail = try await bench.privacy.detail(id, by: bench.officer)
    #expect(detail.request.state == .done)
    #expect(detail.request.progress == 100)
    #expect(detail.erased.allSatisfy { $0.doneAt != nil })
    #expect(detail.erased.first { $0.context == "notes" }?.rows == 5)
    #expect(try await bench.count("note") == 0)
    #expect(try await bench.count("privacy_request_content") == 0)
    #expect(try await bench.count("privacy_consent_origin") == 0)
    let account = try await bench.accounts.account(bench.person.id, by: bench.officer)
    #expect(!account.isActive)
    #expect(!account.name.contains("limin"))
    #expect(account.displayName != "李晓明")
    for (index, bytes) in sealed.enumerated() {
      await #expect(throws: PrivacyError.erased) {
        try await bench.keys.open(bytes, of: bench.subject, place: "note/\(index + 1)")
      }
    }
    await #expect(throws: PrivacyError.erased) {
      try await bench.keys.seal([1], of: bench.subject, place: "note/9")
    }
    #expect(try await !bench.privacy.isGranted("face", by: bench.subject))
    #expect(try await bench.kinds().filter { $0 == PersonErased.kind }.count == 1)
    #expect(try await bench.fresh.store.read { try $0.row("SELECT count(*) FROM privacy_erased")?.int(0) } == 1)
    let words = try await bench.fresh.store.read { sql in
      try sql.rows("SELECT value FROM audit_personal").map { try $0.text("value") }
    }
    #expect(!words.contains("李晓明"))
  }

  @Test("empties every context, destroys the key, and keeps a proof without the data", arguments: Backend.allCases)
  func whole(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let request = try await approved(bench)
    let sealed = try await bench.notes.sealed(of: bench.subject)
    #expect(request.state == .running)
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    try await expectErased(bench, request.id, sealed: sealed)
    await #expect(throws: PrivacyError.erased) {
      try await bench.privacy.request(NewPrivacyRequest(kind: .export), for: bench.id, by: bench.person)
    }
    // Once more does nothing.
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    try await expectErased(bench, request.id, sealed: sealed)
  }

  @Test("that is killed anywhere leaves nothing half erased and ends as if it were not", arguments: Backend.allCases)
  func killed(_ backend: Backend) async throws {
    var count = 0
    for moment in 1...40 {
      let breaking = Breaking(at: nil)
      let bench = try await PrivacyBench(backend, breaking: breaking)
      let request = try await approved(bench)
      let sealed = try await bench.notes.sealed(of: bench.subject)
      let armed = Breaking(at: moment)
      let before = try PrivacyBench.privacy(bench.fresh, bench.vault, bench.notes, armed)
      try? await before.eraser(bench.fresh.journal).drain()
      guard armed.hasBroken else { break }
      count += 1
      // What is marked as done is done, what is not marked is untouched or of whole steps of two rows.
      let steps = try await bench.privacy.detail(request.id, by: bench.officer).erased
      let notes = try #require(steps.first { $0.context == "notes" })
      #expect(try await bench.count("note") == 5 - notes.rows)
      let account = try await bench.accounts.account(bench.person.id, by: bench.officer)
      let accounts = try #require(steps.first { $0.context == "accounts" })
      #expect(account.isActive == (accounts.doneAt == nil))
      #expect((account.displayName == "李晓明") == (accounts.doneAt == nil))
      let isDone = try await bench.privacy.detail(request.id, by: bench.officer).request.state == .done
      #expect(!isDone)
      if accounts.doneAt == nil {
        #expect(try await bench.keys.open(try #require(sealed.first), of: bench.subject, place: "note/1").count > 0)
      }
      // A new process goes on.
      let after = try PrivacyBench.privacy(bench.fresh, bench.vault, bench.notes)
      try await after.eraser(bench.fresh.journal).drain()
      try await expectErased(bench, request.id, sealed: sealed)
    }
    // Three steps of notes, one of accounts, the key: each broken before and after its effect.
    #expect(count == 10)
  }

  @Test("waits for a legal hold, whose reason is shown, and goes on when it is released", arguments: Backend.allCases)
  func hold(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let hold = try await bench.privacy.hold(
      bench.id, reason: "押金争议诉讼中", basis: "（2026）京 0105 民初 118 号", by: bench.officer)
    let request = try await approved(bench)
    #expect(request.state == .held)
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    #expect(try await bench.count("note") == 5)
    let detail = try await bench.privacy.detail(request.id, by: bench.person)
    #expect(detail.holds.map(\.reason) == ["押金争议诉讼中"])
    #expect(detail.steps.last?.note == "押金争议诉讼中")
    let sealed = try await bench.notes.sealed(of: bench.subject)
    try await bench.privacy.release(hold.id, reason: "判决生效", by: bench.officer)
    await #expect(throws: PrivacyError.holdReleased) {
      try await bench.privacy.release(hold.id, reason: "again", by: bench.officer)
    }
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    try await expectErased(bench, request.id, sealed: sealed)
  }

  @Test("stops before its next step when a hold is placed while it is under way; a hold that ends lets it go on")
  func holdMeanwhile() async throws {
    let bench = try await PrivacyBench()
    let request = try await approved(bench)
    let sealed = try await bench.notes.sealed(of: bench.subject)
    let armed = Breaking(at: 3)
    try? await PrivacyBench.privacy(bench.fresh, bench.vault, bench.notes, armed).eraser(bench.fresh.journal).drain()
    let until = bench.fresh.clock.now.advanced(by: .seconds(3_600))
    _ = try await bench.privacy.hold(bench.id, reason: "调查", basis: "调取证据通知书", until: until, by: bench.officer)
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    #expect(try await bench.privacy.detail(request.id, by: bench.officer).request.state == .held)
    #expect(try await bench.count("note") == 3)
    bench.fresh.clock.advance(by: .seconds(3_601))
    try await bench.privacy.resumeHeld()
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    try await expectErased(bench, request.id, sealed: sealed)
  }

  @Test("of the last administrator keeps the account, and says why")
  func lastAdministrator() async throws {
    let bench = try await PrivacyBench()
    let rows = try await bench.accounts.accounts(AccountQuery(), by: bench.officer).items
    let administrator = try #require(rows.first { $0.duty == .systemAdministrator })
    let part = try await bench.fresh.work.transaction { unit in
      try AccountHoldings(work: bench.fresh.work, vault: bench.vault).erase(
        DataSubject(organisation: administrator.organisation, id: administrator.id.tagged()), in: unit)
    }
    #expect(part.kept == ["accounts.lastAdministrator"])
    #expect(bench.privacy.policy.kept["accounts.lastAdministrator"] != nil)
  }
}
