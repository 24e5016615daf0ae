import Kernel
import TestSupport
import Testing

@Suite("A principal")
struct PrincipalTests {
  private let building: ID<Scope.BuildingTag> = ID(high: 1, low: 1)
  private let other: ID<Scope.BuildingTag> = ID(high: 1, low: 2)
  private let project: ID<Scope.ProjectTag> = ID(high: 2, low: 1)

  private func principal(
    _ kind: Principal.Kind = .person, _ grants: [Grant], _ assurance: Assurance = .none
  ) -> Principal {
    Principal(
      id: ID(high: 9, low: 9), kind: kind, organisation: ID(high: 8, low: 8), name: "Test", grants: grants,
      assurance: assurance, origin: Origin(address: "192.0.2.1", agent: "test"))
  }

  @Test("may do in a building what it was given there, and nowhere else", .clause("9.2.2c"))
  func scopes() throws {
    let guarding = principal(.person, [Grant([.alarmsRead], in: .building(building))])
    try guarding.require(.alarmsRead, in: .project(project), .building(building))
    try guarding.requireSomewhere(.alarmsRead)
    #expect(throws: Denied(permission: .alarmsRead)) {
      try guarding.require(.alarmsRead, in: .project(project), .building(other))
    }
    #expect(throws: Denied(permission: .alarmsRead)) { try guarding.require(.alarmsRead) }
    #expect(throws: Denied(permission: .estateRead)) { try guarding.require(.estateRead, in: .building(building)) }
    #expect(throws: Denied(permission: .estateRead)) { try guarding.requireSomewhere(.estateRead) }
    #expect(guarding.scopes(of: .alarmsRead) == [.building(building)])
    #expect(guarding.permissions == [.alarmsRead])
  }

  @Test("may do everywhere what it was given for the organisation, and in all of a project what for the project")
  func wider() throws {
    let all = principal(.person, [Grant([.estateRead], in: .organisation)])
    try all.require(.estateRead)
    try all.require(.estateRead, in: .building(other))
    let some = principal(.person, [Grant([.estateRead], in: .project(project))])
    try some.require(.estateRead, in: .project(project), .building(other))
    #expect(throws: Denied.self) { try some.require(.estateRead) }
  }

  @Test("needs the second factor, shown not long ago, for what is sensitive", .clause("9.3c"))
  func fresh() throws {
    let shown = Instant(microseconds: 1_000_000_000)
    func now(_ seconds: Int64) -> Instant { shown.advanced(by: .seconds(seconds)) }
    let person = principal(.person, [], .secondFactor(at: shown))
    try person.requireFresh(.devicesUnbind, at: now(0))
    try person.requireFresh(.devicesUnbind, at: now(Assurance.freshSeconds - 1))
    for moment in [Assurance.freshSeconds, -1] {
      #expect(throws: Denied(permission: .devicesUnbind, missing: .verification)) {
        try person.requireFresh(.devicesUnbind, at: now(moment))
      }
    }
    #expect(throws: Denied(permission: .devicesUnbind, missing: .verification)) {
      try principal(.person, [], .password(hasSecondFactor: true)).requireFresh(.devicesUnbind, at: now(0))
    }
    #expect(throws: Denied(permission: .devicesUnbind, missing: .secondFactor)) {
      try principal(.person, [], .password(hasSecondFactor: false)).requireFresh(.devicesUnbind, at: now(0))
    }
    #expect(throws: Denied(permission: .devicesUnbind, missing: .person)) {
      try principal(.system, []).requireFresh(.devicesUnbind, at: now(0))
    }
    try principal(.platform, []).requireFresh(.devicesUnbind, at: now(0))
  }
}
