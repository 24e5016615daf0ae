import Accounts
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Privacy

@Suite("Retention", .clause("9.3d"))
struct RetentionTests {
  private func lines(_ bench: PrivacyBench, isDry: Bool) async throws -> [String: RetentionLine] {
    let run = try await bench.privacy.beginRetention(isDry: isDry, by: bench.officer(isFresh: true))
    while try await bench.privacy.retentionStep() {}
    let done = try await bench.privacy.retentionRun(run.id, by: bench.officer)
    #expect(done.doneAt != nil)
    return Dictionary(uniqueKeysWithValues: done.lines.map { ("\($0.context) \($0.retention)", $0) })
  }

  private func will(_ act: ConsentEntry.Act) -> ConsentWill {
    ConsentWill(act, "notices", version: 1, language: "zh-CN", channel: "console")
  }

  @Test("a dry run counts what a real run then does, and changes nothing", arguments: Backend.allCases)
  func dry(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    for act in [ConsentEntry.Act.grant, .withdraw, .grant, .withdraw] {
      _ = try await bench.privacy.record(will(act), for: bench.id, by: bench.person)
      bench.fresh.clock.advance(by: .seconds(60))
    }
    _ = try await bench.verified(NewPrivacyRequest(kind: .export))
    while try await bench.privacy.exportStep() {}
    _ = try await bench.accounts.signIn(
      name: "limin", password: "correct horse battery", from: Origin(address: "192.0.2.9", agent: ""))
    let before = try await bench.count("audit_personal")
    bench.fresh.clock.advance(by: .seconds(1_200 * 86_400))
    let counted = try await lines(bench, isDry: true)
    #expect(counted["privacy consent"]?.due == 4)
    #expect(counted["privacy export"]?.due == 1)
    #expect(counted["privacy request"]?.due == 1)
    #expect(counted["accounts session"]?.due == 1)
    #expect(counted["audit securityLog"]?.due == before)
    #expect(try await bench.count("privacy_consent") == 4)
    #expect(try await bench.count("audit_personal") >= before)
    let done = try await lines(bench, isDry: false)
    #expect(done.mapValues(\.due) == counted.mapValues(\.due))
    #expect(try await bench.count("privacy_consent") == 0)
    #expect(try await bench.count("privacy_export_part") == 0)
    #expect(try await bench.count("session") == 0)
    // What the runs themselves wrote is new.
    let again = try await lines(bench, isDry: false)
    #expect(again.values.allSatisfy { $0.due == 0 })
  }

  @Test("nothing of a person under a legal hold is touched", arguments: Backend.allCases)
  func held(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let other = bench.other()
    for person in [bench.person, other] {
      for act in [ConsentEntry.Act.grant, .withdraw] {
        _ = try await bench.privacy.record(will(act), for: person.id.tagged(), by: person)
      }
    }
    bench.fresh.clock.advance(by: .seconds(1_200 * 86_400))
    _ = try await bench.privacy.hold(bench.id, reason: "诉讼", basis: "案号", by: bench.officer)
    let done = try await lines(bench, isDry: false)
    #expect(done["privacy consent"]?.due == 4)
    #expect(done["privacy consent"]?.held == 2)
    #expect(try await bench.count("privacy_consent") == 2)
    let left = try await bench.privacy.ledger(of: bench.id, PageRequest(), by: bench.person).items
    #expect(left.count == 2 && left.allSatisfy { $0.address != nil })
  }

  @Test("consent that holds stays, however old, and so does what is not over")
  func kept() async throws {
    let bench = try await PrivacyBench()
    _ = try await bench.privacy.record(will(.grant), for: bench.id, by: bench.person)
    bench.fresh.clock.advance(by: .seconds(4_000 * 86_400))
    _ = try await lines(bench, isDry: false)
    #expect(try await bench.privacy.isGranted("notices", by: bench.subject))
    _ = try await bench.privacy.record(will(.withdraw), for: bench.id, by: bench.person)
    bench.fresh.clock.advance(by: .seconds(86_400))
    _ = try await lines(bench, isDry: false)
    #expect(try await bench.count("privacy_consent") == 2)
  }

  @Test("goes in small steps of its own, and takes many rows to the end", arguments: Backend.allCases)
  func steps(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let organisation = bench.person.organisation
    let old = bench.fresh.clock.now
    let account = bench.person.id
    let ids = (0..<450).map { _ in bench.fresh.work.ids.next(PrivacyBench.self) }
    try await bench.fresh.work.transaction { unit in
      for id in ids {
        let hash = id.bytes + id.bytes
        try unit.sql.execute(
          """
          INSERT INTO session (organisation, id, account, token_hash, address, opened_at, used_at, expires_at)
          VALUES (\(organisation), \(id), \(account), \(hash), \("192.0.2.1"), \(old), \(old), \(old))
          """)
      }
    }
    bench.fresh.clock.advance(by: .seconds(200 * 86_400))
    let run = try await bench.privacy.beginRetention(isDry: false, by: bench.officer(isFresh: true))
    var steps = 0
    var rest: [Int] = []
    while try await bench.privacy.retentionStep() {
      steps += 1
      let left = try await bench.count("session")
      if left != rest.last { rest.append(left) }
    }
    #expect(rest == [450, 250, 50, 0])
    let lines = try await bench.privacy.retentionRun(run.id, by: bench.officer).lines
    #expect(lines.first { $0.context == "accounts" && $0.retention == "session" }?.due == 450)
    #expect(steps == lines.count + 2)
  }

  @Test("begins by itself once a day, and needs the permission by hand")
  func daily() async throws {
    let bench = try await PrivacyBench()
    try await bench.keeper().work()
    try await bench.keeper().work()
    #expect(try await bench.count("privacy_run") == 1)
    bench.fresh.clock.advance(by: .seconds(86_400))
    try await bench.keeper().work()
    #expect(try await bench.count("privacy_run") == 2)
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.beginRetention(isDry: true, by: bench.other([.privacyRead]))
    }
  }
}
