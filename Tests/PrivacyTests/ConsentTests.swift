import Audit
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Privacy

@Suite("The consent ledger", .clause("9.3d"))
struct ConsentTests {
  private func grant(_ purpose: String, version: Int = 1, isExplicit: Bool = true) -> ConsentWill {
    ConsentWill(.grant, purpose, version: version, isExplicit: isExplicit, language: "zh-CN", channel: "console")
  }

  private func withdraw(_ purpose: String) -> ConsentWill {
    ConsentWill(.withdraw, purpose, language: "zh-CN", channel: "console")
  }

  @Test("consent holds from its commit, a withdrawal ends it at once, the journal tells", arguments: Backend.allCases)
  func life(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    #expect(try await !bench.privacy.isGranted("face", by: bench.subject))
    let given = try await bench.privacy.record(grant("face"), for: bench.id, by: bench.person)
    #expect(given.isGranted)
    #expect(try await bench.privacy.isGranted("face", by: bench.subject))
    bench.fresh.clock.advance(by: .seconds(1))
    let ended = try await bench.privacy.record(withdraw("face"), for: bench.id, by: bench.person)
    #expect(!ended.isGranted)
    #expect(try await !bench.privacy.isGranted("face", by: bench.subject))
    let ledger = try await bench.privacy.ledger(of: bench.id, PageRequest(), by: bench.person).items
    #expect(ledger.map(\.number) == [1, 2])
    #expect(ledger.map(\.act) == [.grant, .withdraw])
    #expect(ledger.map(\.version) == [1, 1])
    #expect(ledger[0].address == "192.0.2.7")
    let told = try await bench.fresh.journal.read(after: 0, kinds: [ConsentChanged.kind], limit: 10)
    #expect(try told.map { try $0.decode(ConsentChanged.self).isGranted } == [true, false])
  }

  @Test("once more is no change, and nothing given cannot be withdrawn")
  func once() async throws {
    let bench = try await PrivacyBench()
    await #expect(throws: PrivacyError.notGiven) {
      try await bench.privacy.record(withdraw("notices"), for: bench.id, by: bench.person)
    }
    for _ in 0..<2 { _ = try await bench.privacy.record(grant("notices"), for: bench.id, by: bench.person) }
    #expect(try await bench.count("privacy_consent") == 1)
  }

  @Test("sensitive data needs a consent of its own, said explicitly, to the text that is shown now")
  func explicit() async throws {
    let bench = try await PrivacyBench()
    await #expect(throws: PrivacyError.notExplicit) {
      try await bench.privacy.record(grant("face", isExplicit: false), for: bench.id, by: bench.person)
    }
    await #expect(throws: PrivacyError.textOutdated(current: 1)) {
      try await bench.privacy.record(grant("face", version: 2), for: bench.id, by: bench.person)
    }
    await #expect(throws: PrivacyError.notByConsent) {
      try await bench.privacy.record(grant("tenancy"), for: bench.id, by: bench.person)
    }
    await #expect(throws: PrivacyError.purposeUnknown) {
      try await bench.privacy.record(grant("advertising"), for: bench.id, by: bench.person)
    }
    _ = try await bench.privacy.record(grant("notices", isExplicit: false), for: bench.id, by: bench.person)
    #expect(try await bench.count("privacy_consent") == 1)
  }

  @Test("under 14 only the guardian consents, from 14 the child may too, from 18 the guardian no more")
  func guardians() async throws {
    let bench = try await PrivacyBench()
    let guardian = bench.other(name: "李父")
    let stranger = bench.other()
    // Thirteen years old on 2026-11-23.
    _ = try await bench.privacy.declareWard(
      bench.id, guardian: guardian.id.tagged(), born: try #require(LocalDate("2013-03-01")), by: bench.officer)
    await #expect(throws: PrivacyError.guardianNeeded) {
      try await bench.privacy.record(grant("face"), for: bench.id, by: bench.person)
    }
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.record(grant("face"), for: bench.id, by: stranger)
    }
    let given = try await bench.privacy.record(grant("face"), for: bench.id, by: guardian)
    #expect(given.granted?.by == .guardian)
    // A child may always say no.
    let ended = try await bench.privacy.record(withdraw("face"), for: bench.id, by: bench.person)
    #expect(ended.withdrawn?.by == .oneself)
    bench.fresh.clock.advance(by: .seconds(200 * 86_400))
    #expect(try await bench.privacy.record(grant("face"), for: bench.id, by: bench.person).granted?.by == .oneself)
    bench.fresh.clock.advance(by: .seconds(4 * 366 * 86_400))
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.record(withdraw("face"), for: bench.id, by: guardian)
    }
  }

  @Test("the staff write down what was said before them, with the form that was signed")
  func counter() async throws {
    let bench = try await PrivacyBench()
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.record(grant("notices"), for: bench.id, by: bench.officer)
    }
    let given = try await bench.privacy.record(
      grant("notices"), for: bench.id, evidence: "同意书 2026-118", by: bench.officer)
    #expect(given.granted?.principal == bench.officer.id)
    let looks = try await bench.privacy.looks(at: bench.id, PageRequest(), by: bench.person)
    #expect(looks.items.contains { $0.body.kind == "privacy.consent" && $0.field("why") == .known("同意书 2026-118") })
  }

  @Test("a line of the ledger cannot be changed in the store", arguments: Backend.allCases)
  func frozen(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    _ = try await bench.privacy.record(grant("face"), for: bench.id, by: bench.person)
    await #expect(throws: (any Error).self) {
      try await bench.fresh.store.write { sql in
        _ = try sql.execute("UPDATE privacy_consent SET act = \("withdraw")")
      }
    }
    #expect(try await bench.privacy.isGranted("face", by: bench.subject))
  }

  @Test("random histories give the state of a naive model", arguments: 0..<6)
  func model(seed: Int) async throws {
    let bench = try await PrivacyBench()
    var random = SeededRandom(seed: UInt64(seed))
    let purposes = bench.privacy.policy.purposes.filter { $0.basis == .consent }.map(\.key)
    let people = [bench.person, bench.other(), bench.other()]
    // The naive model: who agreed to what now, and how many lines each has.
    var agreed: Set<String> = []
    var lines: [ID<Principal>: Int] = [:]
    for _ in 0..<60 {
      let person = people[Int(random.next() % 3)]
      let purpose = purposes[Int(random.next() % UInt64(purposes.count))]
      let mark = "\(person.id) \(purpose)"
      if random.next() % 2 == 0 {
        _ = try await bench.privacy.record(grant(purpose), for: person.id.tagged(), by: person)
        if agreed.insert(mark).inserted { lines[person.id, default: 0] += 1 }
      } else if agreed.remove(mark) != nil {
        _ = try await bench.privacy.record(withdraw(purpose), for: person.id.tagged(), by: person)
        lines[person.id, default: 0] += 1
      } else {
        await #expect(throws: PrivacyError.notGiven) {
          try await bench.privacy.record(withdraw(purpose), for: person.id.tagged(), by: person)
        }
      }
    }
    for person in people {
      let states = try await bench.privacy.consents(of: person.id.tagged(), by: person)
      #expect(Set(states.filter(\.isGranted).map { "\(person.id) \($0.purpose.key)" })
        == agreed.filter { $0.hasPrefix("\(person.id)") })
      let ledger = try await bench.privacy.ledger(of: person.id.tagged(), PageRequest(limit: 200), by: person).items
      #expect(ledger.map(\.number) == (0..<Int64(lines[person.id] ?? 0)).map { $0 + 1 })
    }
  }
}
