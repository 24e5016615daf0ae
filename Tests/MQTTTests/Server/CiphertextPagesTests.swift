import NIOCore
import Testing

@testable import MQTT

@Suite("Memory that TLS sends from")
struct CiphertextPagesTests {
  private static func leased(_ bytes: Int = 16_384) throws -> (ByteBuffer, CiphertextPages.Lease) {
    var buffer: ByteBuffer?
    let lease = CiphertextPages.lease { buffer = $0.buffer(capacity: bytes) }
    return (try #require(buffer), try #require(lease))
  }

  @Test("what is given back is out of memory until it is written to again")
  func givenBack() throws {
    var (buffer, lease) = try Self.leased()
    #expect(CiphertextPages.residentBytes(lease) == 0)
    buffer.writeRepeatingByte(7, count: 5_000)
    #expect(CiphertextPages.residentBytes(lease) == 8_192)
    CiphertextPages.giveBack(lease)
    #expect(CiphertextPages.residentBytes(lease) == 0)
    buffer.clear()
    buffer.writeRepeatingByte(9, count: 100)
    #expect(Array(buffer.readableBytesView) == [UInt8](repeating: 9, count: 100))
  }

  @Test("a buffer that grew has all its bytes, and the lease of what it was touches nothing")
  func grown() throws {
    var (buffer, lease) = try Self.leased()
    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
    buffer.writeBytes(bytes[..<16_000])
    buffer.writeBytes(bytes[16_000...])
    CiphertextPages.giveBack(lease)
    #expect(Array(buffer.readableBytesView) == bytes)
  }

  @Test("the lease of a buffer that was freed does not touch who has its place now")
  func stale() throws {
    for _ in 0..<1_000 {
      let old = try Self.leased().1
      var (buffer, lease) = try Self.leased()
      buffer.writeRepeatingByte(3, count: 100)
      CiphertextPages.giveBack(old)
      #expect(Array(buffer.readableBytesView) == [UInt8](repeating: 3, count: 100))
      // Other tests take places at the same time.
      if lease.slot == old.slot { return }
    }
    Issue.record("no place was ever taken again")
  }

  @Test("only a record's buffer made inside of a lease has a place; others are ordinary memory")
  func others() throws {
    var kept: ByteBufferAllocator?
    #expect(CiphertextPages.lease { kept = $0 } == nil)
    for bytes in [1, 4_096, 16_384, 32_768] {
      var buffer = try #require(kept).buffer(capacity: bytes)
      buffer.writeRepeatingByte(5, count: bytes * 3)
      #expect(buffer.readableBytesView.allSatisfy { $0 == 5 })
    }
    #expect(CiphertextPages.lease { _ = $0.buffer(capacity: 32_768) } == nil)
  }
}
