import Guomi
import KeyLadder
import TestSupport
import Testing

@Suite("The ladder of keys", .clause("9.4d", "9.4e", "9.2.2b"))
struct KeyLadderTests {
  private let root = SecretBytes(copying: (0..<32).map { UInt8($0) })
  private let random = (100..<132).map { UInt8($0) }

  private func hexadecimal(_ key: SecretBytes) -> String {
    key.withUnsafeBytes { $0.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
  }

  @Test("makes the keys that an independent computation makes")
  func knownAnswers() throws {
    let device = Array("LK-0803".utf8)
    let withElement = try KeyLadder.deviceKey(
      root: root, holder: .init(element: Array("SE-00000001".utf8), device: device), random: random)
    #expect(hexadecimal(withElement) == "5f6baedee27650c55e6458e3154c401e1824c1c216678ff9019a1f6606afeb84")
    let without = try KeyLadder.deviceKey(root: root, holder: .init(element: nil, device: device), random: random)
    #expect(hexadecimal(without) == "a4cc2d5c3e9655568426bceb6ad6b96b09e23ddbdc0eff07a8d1c19d1e8fa58a")
    let communication = try KeyLadder.communicationKey(
      deviceKey: withElement, device: device, epoch: KeyEpoch(start: 1_795_392_000),
      platformRandom: (0..<16).map { $0 }, deviceRandom: (16..<32).map { $0 })
    #expect(hexadecimal(communication) == "2469f9843b9fa2d0c469c973d0e55c5bc5f4d3bbefabe41a4258bde41b5b0b09")
    #expect(KeyLadder.checkValue(withElement) == [0xa5, 0xb4, 0xcb, 0x65, 0x0e, 0x85, 0x7d, 0x32])
  }

  @Test("two ids that run into each other do not give one key")
  func boundaries() throws {
    let one = try KeyLadder.Holder(element: Array("ab".utf8), device: Array("c".utf8))
    let two = try KeyLadder.Holder(element: Array("a".utf8), device: Array("bc".utf8))
    #expect(
      try KeyLadder.deviceKey(root: root, holder: one, random: random)
        != KeyLadder.deviceKey(root: root, holder: two, random: random))
  }

  @Test("keys, randoms and ids of another length are refused")
  func lengths() throws {
    #expect(throws: KeyLadderError.id) { try KeyLadder.Holder(element: nil, device: []) }
    #expect(throws: KeyLadderError.id) {
      try KeyLadder.Holder(element: Array(repeating: 1, count: 129), device: [1])
    }
    let holder = try KeyLadder.Holder(element: nil, device: [1])
    #expect(throws: KeyLadderError.length) {
      try KeyLadder.deviceKey(root: root, holder: holder, random: Array(random.dropLast()))
    }
    #expect(throws: KeyLadderError.length) {
      try KeyLadder.deviceKey(root: root.part(0..<16), holder: holder, random: random)
    }
  }

  @Test(
    "an epoch is accepted while it is the present one or a neighbour, and none between epochs",
    arguments: [(-2, false), (-1, true), (0, true), (1, true), (2, false)])
  func epochs(offset: Int, isAccepted: Bool) {
    let present = KeyEpoch(at: Parties.now).start
    let start = UInt64(Int64(present) + Int64(offset) * 86_400)
    #expect(KeyEpoch(start: start).isAccepted(at: Parties.now) == isAccepted)
    #expect(!KeyEpoch(start: start + 1).isAccepted(at: Parties.now))
    // A clock that stands at the beginning of time has no epoch before, and none near the end of counting.
    #expect(!KeyEpoch(start: 0 &- 86_400).isAccepted(at: 5))
  }

  @Test("the replay window counts each number once, whatever their order", arguments: 0..<20)
  func window(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    var window = ReplayWindow()
    var seen: Set<UInt64> = []
    var newest: UInt64?
    for _ in 0..<2_000 {
      let middle = newest ?? 0
      let number = UInt64(max(0, Int64(middle) + Int64.random(in: -80...20, using: &random)))
      let isOld = newest.map { $0 >= number && $0 - number >= ReplayWindow.size } ?? false
      let isNew = !isOld && !seen.contains(number)
      #expect(window.mayBeNew(number) == isNew)
      #expect(window.note(number) == isNew)
      if isNew {
        seen.insert(number)
        newest = max(newest ?? 0, number)
      }
    }
  }
}
