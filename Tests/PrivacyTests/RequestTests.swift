import Accounts
import Audit
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Privacy

@Suite("A person's requests", .clause("9.3d"))
struct RequestTests {
  @Test("are answered within 15 working days, holidays and moved Saturdays counted as the State Council set them")
  func deadlines() throws {
    let policy = try PrivacyPolicy.builtIn()
    func deadline(_ text: String) throws -> String {
      let start = try #require(LocalDate(text)).start(offsetMinutes: 480).advanced(by: .seconds(3_600))
      return policy.deadline(of: "erasure", from: start).date(offsetMinutes: 480).description
    }
    // Monday: three weeks later is the last day, the deadline its end.
    #expect(try deadline("2026-11-23") == "2026-12-15")
    // Over the Spring Festival: two Saturdays are worked, six weekdays are not.
    #expect(try deadline("2026-02-09") == "2026-03-07")
    // Over the National Day: 20 September and 10 October are worked.
    #expect(try deadline("2026-09-18") == "2026-10-16")
    #expect(!policy.isWorkingDay(try #require(LocalDate("2026-10-01"))))
    #expect(policy.isWorkingDay(try #require(LocalDate("2026-10-10"))))
    #expect(!policy.isWorkingDay(try #require(LocalDate("2026-11-22"))))
  }

  @Test("a policy that contradicts itself is refused")
  func policy() throws {
    let text = """
      {"version":"1","requestWorkingDays":{},"exportDays":7,"linkSeconds":60,"linkDownloadsMax":1,"purposes":[{
      "key":"a","basis":"consent","isSensitive":false,"retention":"none","categories":[],"versions":[{"version":1,
      "zh":{"name":"a","text":"a"},"en":{"name":"a","text":"a"}}]}],"retention":[],"categories":{},"fields":{},
      "kept":{},"holidays":{}}
      """
    #expect(throws: PrivacyPolicyError.self) { try PrivacyPolicy(json: .init(text.utf8)) }
  }

  @Test("the person shows who they are before anything is done", arguments: Backend.allCases)
  func verification(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let request = try await bench.privacy.request(NewPrivacyRequest(kind: .export), for: bench.id, by: bench.person)
    #expect(request.state == .received)
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.verify(request.id, by: bench.person(isFresh: false))
    }
    await #expect(throws: PrivacyError.requestUnknown) { try await bench.privacy.verify(request.id, by: bench.other()) }
    // The staff say which document they saw.
    await #expect(throws: PrivacyError.self) { try await bench.privacy.verify(request.id, by: bench.officer) }
    let verified = try await bench.privacy.verify(request.id, by: bench.person)
    #expect(verified.state == .running)
    await #expect(throws: PrivacyError.stateWrong(state: "running")) {
      try await bench.privacy.verify(request.id, by: bench.person)
    }
  }

  @Test("sent twice are one; one of a kind is open at a time", arguments: Backend.allCases)
  func idempotent(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let new = NewPrivacyRequest(kind: .restriction, idempotencyKey: "k1")
    let first = try await bench.privacy.request(new, for: bench.id, by: bench.person)
    let again = try await bench.privacy.request(new, for: bench.id, by: bench.person)
    #expect(first.id == again.id)
    await #expect(throws: PrivacyError.keyReused) {
      try await bench.privacy.request(
        NewPrivacyRequest(kind: .export, idempotencyKey: "k1"), for: bench.id, by: bench.person)
    }
    await #expect(throws: PrivacyError.requestOpen) {
      try await bench.privacy.request(NewPrivacyRequest(kind: .restriction), for: bench.id, by: bench.person)
    }
    _ = try await bench.privacy.withdraw(first.id, by: bench.person)
    _ = try await bench.privacy.request(NewPrivacyRequest(kind: .restriction), for: bench.id, by: bench.person)
  }

  @Test("a correction is sealed until it is made, and made by the context it belongs to", arguments: Backend.allCases)
  func correction(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let request = try await bench.verified(
      NewPrivacyRequest(kind: .correction, field: "accounts.displayName", value: "李小明", note: "写错了一个字"))
    let stored = try await bench.fresh.store.read { try $0.row("SELECT sealed FROM privacy_request_content")?.blob(0) }
    let bytes = try #require(stored)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("李小明"))
    #expect(try await bench.privacy.detail(request.id, by: bench.officer).value == "李小明")
    await #expect(throws: PrivacyError.stale(current: request.version)) {
      try await bench.privacy.decide(request.id, approve: true, reason: "", expecting: 1, by: bench.officer)
    }
    let done = try await bench.privacy.decide(
      request.id, approve: true, reason: "", expecting: request.version, by: bench.officer)
    #expect(done.state == .done)
    #expect(try await bench.count("privacy_request_content") == 0)
    #expect(try await bench.accounts.account(bench.person.id, by: bench.person).displayName == "李小明")
    // The person sees that the officer opened what they wrote.
    let looks = try await bench.privacy.looks(at: bench.id, PageRequest(), by: bench.person).items
    #expect(looks.contains { $0.body.verb == .read && $0.body.principal == bench.officer.id })
  }

  @Test("a restriction holds until it is lifted, and the journal tells")
  func restriction() async throws {
    let bench = try await PrivacyBench()
    let request = try await bench.verified(NewPrivacyRequest(kind: .restriction))
    _ = try await bench.privacy.decide(request.id, approve: true, reason: "争议处理中", by: bench.officer)
    #expect(try await bench.privacy.isRestricted(bench.subject))
    try await bench.privacy.liftRestriction(of: bench.id, reason: "争议已结束", by: bench.officer)
    #expect(try await !bench.privacy.isRestricted(bench.subject))
    #expect(try await bench.kinds().filter { $0 == RestrictionChanged.kind }.count == 2)
  }

  @Test("a refusal says why; nobody decides what was not verified, nor without the permission")
  func refusal() async throws {
    let bench = try await PrivacyBench()
    let request = try await bench.privacy.request(NewPrivacyRequest(kind: .erasure), for: bench.id, by: bench.person)
    await #expect(throws: PrivacyError.identityUnchecked) {
      try await bench.privacy.decide(request.id, approve: true, reason: "", by: bench.officer)
    }
    _ = try await bench.privacy.verify(request.id, by: bench.person)
    await #expect(throws: PrivacyError.self) {
      let writer = bench.other([.privacyRead, .privacyWrite])
      return try await bench.privacy.decide(request.id, approve: true, reason: "", by: writer)
    }
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.decide(request.id, approve: true, reason: "", by: bench.officer(isFresh: false))
    }
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.decide(request.id, approve: false, reason: " ", by: bench.officer)
    }
    let refused = try await bench.privacy.decide(request.id, approve: false, reason: "合同尚未结清", by: bench.officer)
    #expect(refused.state == .refused)
    await #expect(throws: PrivacyError.stateWrong(state: "refused")) {
      try await bench.privacy.withdraw(request.id, by: bench.person)
    }
  }

  @Test("another organisation's are not found, another person's neither")
  func tenancy() async throws {
    let bench = try await PrivacyBench()
    let request = try await bench.privacy.request(NewPrivacyRequest(kind: .export), for: bench.id, by: bench.person)
    let stranger = Principal(
      id: bench.fresh.work.ids.next(), kind: .person, organisation: bench.fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases))
    await #expect(throws: PrivacyError.requestUnknown) { try await bench.privacy.detail(request.id, by: stranger) }
    await #expect(throws: PrivacyError.requestUnknown) { try await bench.privacy.detail(request.id, by: bench.other()) }
    await #expect(throws: PrivacyError.self) { try await bench.privacy.holdings(of: bench.id, by: bench.other()) }
    #expect(try await bench.privacy.requests(PrivacyRequestQuery(), by: stranger).items.isEmpty)
  }

  @Test("what is held is shown masked, with why and until when")
  func holdings() async throws {
    let bench = try await PrivacyBench()
    try await bench.notes.write("联系人 138 0013 5270", 1, of: bench.subject)
    let holdings = try await bench.privacy.holdings(of: bench.id, by: bench.person)
    let fields = holdings.flatMap(\.fields)
    #expect(fields.contains { $0.key == "accounts.displayName" && $0.masked == "李*明" })
    #expect(!fields.contains { $0.masked.contains("5270") || $0.masked.contains("李晓明") })
    for holding in holdings {
      #expect(bench.privacy.policy.categories[holding.category] != nil, "\(holding.category)")
      #expect(bench.privacy.policy.retention(holding.retention) != nil, "\(holding.retention)")
      for purpose in holding.purposes { #expect(bench.privacy.policy.purpose(purpose) != nil, "\(purpose)") }
    }
    #expect(holdings.contains { $0.recipients == ["住建部门"] })
  }
}
