import Foundation
import Kernel
import TestSupport
import Testing

@Suite("An id")
struct IDTests {
  private let clock = ManualClock(now: Instant(milliseconds: 0x0123_4567_89ab))

  @Test("is a version 7 UUID that begins with its moment")
  func layout() {
    let id: ID<Noted> = IDSource(time: clock.timekeeper) { (.max, .max) }.next()
    #expect(id.description == "01234567-89ab-7fff-bfff-ffffffffffff")
    let none: ID<Noted> = IDSource(time: clock.timekeeper) { (0, 0) }.next()
    #expect(none.description == "01234567-89ab-7000-8000-000000000000")
  }

  @Test("reads back from its text, its bytes and its JSON")
  func roundTrip() throws {
    let ids = IDSource.seeded(time: clock.timekeeper)
    for _ in 0..<100 {
      let id: ID<Noted> = ids.next()
      #expect(ID<Noted>(id.description) == id)
      #expect(ID<Noted>(id.description.uppercased()) == id)
      #expect(ID<Noted>(bytes: id.bytes) == id)
      #expect(try JSONDecoder().decode(ID<Noted>.self, from: JSONEncoder().encode(id)) == id)
    }
  }

  @Test(
    "is not read from anything else",
    arguments: [
      "", "01234567-89ab-7000-8000-00000000000", "01234567-89ab-7000-8000-0000000000000",
      "0123456789ab-7000-8000-0000-00000000", "g1234567-89ab-7000-8000-000000000000",
      "01234567+89ab-7000-8000-000000000000", "安1234567-89ab-7000-8000-00000000000",
    ])
  func refused(_ text: String) {
    #expect(ID<Noted>(text) == nil)
  }

  @Test("needs sixteen bytes")
  func bytes() {
    #expect(ID<Noted>(bytes: Array(repeating: 1, count: 15)) == nil)
    #expect(ID<Noted>(bytes: Array(repeating: 1, count: 17)) == nil)
  }

  @Test("of a later millisecond sorts after, as does its text and its bytes")
  func order() {
    let ids = IDSource.seeded(time: clock.timekeeper)
    var all: [ID<Noted>] = []
    for _ in 0..<50 {
      all.append(ids.next())
      clock.advance(by: .milliseconds(1))
    }
    #expect(all == all.sorted())
    #expect(all.map(\.description) == all.map(\.description).sorted())
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.bytes.lexicographicallyPrecedes($1.bytes) })
  }

  @Test("is never given twice by one source")
  func unique() {
    let ids = IDSource.seeded(time: clock.timekeeper)
    #expect(Set((0..<10_000).map { _ in ids.next(Noted.self) }).count == 10_000)
  }

  @Test("before 1970 or far in the future still has its layout")
  func extremes() {
    for moment in [Instant(microseconds: .min), Instant(microseconds: .max)] {
      let id: ID<Noted> = IDSource(time: ManualClock(now: moment).timekeeper) { (7, 7) }.next()
      #expect(Array(id.description)[14] == "7")
      #expect(Array(id.description)[19] == "8")
    }
  }
}
