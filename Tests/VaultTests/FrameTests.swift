import Guomi
import TestSupport
import Testing
@testable import Vault
import WireFormats

@Suite("A message to the key service")
struct FrameTests {
  @Test("is read as it was written")
  func roundTrip() throws {
    let frame = VaultFrame.call(.lease, [
      ("organisation", .bytes(Array(0..<16))), ("purpose", .text("residents")), ("count", .integer(70_000)),
      ("list", .list([.bool(true), .null, .bytes(Array(repeating: 7, count: 300))])),
    ])
    let bytes = frame.headAndBody
    let (body, secret) = try VaultFrame.lengths(head: Array(bytes.prefix(12)))
    #expect((body, secret) == (bytes.count - 12, 0))
    #expect(try VaultFrame.body(Array(bytes.dropFirst(12))) == frame.body)
  }

  @Test("of another version, without end or too long is refused before anything is read")
  func heads() {
    let good = VaultFrame([("a", .null)]).headAndBody.prefix(12)
    for (index, byte) in [(0, 0x42), (2, 2), (3, 1), (4, 0x7f), (8, 1)] as [(Int, UInt8)] {
      var head = Array(good)
      head[index] = byte
      #expect(throws: VaultError.malformed) { try VaultFrame.lengths(head: head) }
    }
    #expect(throws: VaultError.malformed) { try VaultFrame.lengths(head: Array(good.prefix(11))) }
    #expect(throws: VaultError.malformed) { try VaultFrame.body([0x81, 0x01]) }
    #expect(throws: VaultError.malformed) { try VaultFrame.body([0xa1, 0x61, 0x61]) }
  }

  @Test("never stops the reader, whatever comes")
  func garbage() {
    let random = SharedRandom(seed: 3)
    for _ in 0..<2_000 {
      let bytes = random.bytes(Int(random.next() % 64))
      _ = try? VaultFrame.body(bytes)
      _ = try? VaultFrame.lengths(head: Array(bytes.prefix(12)))
      _ = try? Sealed<String, Important>(stored: bytes)
    }
  }
}
