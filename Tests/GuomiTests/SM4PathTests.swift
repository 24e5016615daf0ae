import CGuomi
import Guomi
import TestSupport
import Testing

/// The C interface itself, so that memory can lie anywhere: at odd addresses, in place, with a guard on both sides.
@Suite("A path of SM4", .clause("9.4c"))
struct SM4PathTests {
  static let random = SharedRandom(seed: 7)
  static let key = random.bytes(16)
  static let iv = random.bytes(16)
  static let text = random.bytes(20_000)
  /// Every length up to 600, then those around the sizes of the kernels' steps.
  static let counts = Array(0...600) + [1_007, 1_023, 1_024, 1_025, 1_281, 2_047, 2_064, 4_095, 4_096, 4_097, 16_400]
  static let others = SM4.Path.available.filter { $0 != .scalar }

  struct Key {
    var cipher = guomi_sm4()
    var gcm = guomi_sm4_gcm()

    init(_ path: SM4.Path) {
      let codes: [SM4.Path: guomi_sm4_path] = [
        .scalar: GUOMI_SM4_SCALAR, .aesni: GUOMI_SM4_AESNI, .gfni: GUOMI_SM4_GFNI,
      ]
      let code = codes[path] ?? GUOMI_SM4_SCALAR
      #expect(guomi_sm4_init(&cipher, SM4PathTests.key, code) == 0)
      #expect(guomi_sm4_gcm_init(&gcm, SM4PathTests.key, code) == 0)
    }
  }

  /// What a mode does to `count` bytes; the last pointer takes a tag of 16 bytes.
  typealias Mode = @Sendable (
    Key, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>, Int, UnsafeMutablePointer<UInt8>
  ) -> Void

  static let modes: [String: Mode] = [
    "CTR": { key, input, output, count, _ in
      withUnsafePointer(to: key.cipher) { guomi_sm4_ctr($0, iv, input, output, count) }
    },
    "blocks": { key, input, output, count, _ in
      withUnsafePointer(to: key.cipher) { guomi_sm4_encrypt_blocks($0, input, output, count / 16) }
    },
    "blocks back": { key, input, output, count, _ in
      withUnsafePointer(to: key.cipher) { guomi_sm4_decrypt_blocks($0, input, output, count / 16) }
    },
    "CBC": { key, input, output, count, _ in
      withUnsafePointer(to: key.cipher) { guomi_sm4_cbc_encrypt($0, iv, input, output, count / 16) }
    },
    "CBC back": { key, input, output, count, _ in
      withUnsafePointer(to: key.cipher) { guomi_sm4_cbc_decrypt($0, iv, input, output, count / 16) }
    },
    "GCM": { key, input, output, count, tag in
      let aad = count % 61
      withUnsafePointer(to: key.gcm) { guomi_sm4_gcm_seal($0, iv, text, aad, input, count, output, tag) }
    },
    "CCM": { key, input, output, count, tag in
      let aad = count % 61
      withUnsafePointer(to: key.cipher) { guomi_sm4_ccm_seal($0, iv, text, aad, input, count, output, tag) }
    },
  ]

  static let guardCount = 70

  /// The mode's output and tag from memory at an address with this remainder; nil when it wrote outside.
  static func run(_ mode: Mode, _ key: Key, count: Int, offset: Int, inPlace: Bool) -> [UInt8]? {
    let size = count + 2 * guardCount + 64
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    defer {
      input.deallocate()
      output.deallocate()
    }
    input.initializeMemory(as: UInt8.self, repeating: 0xa5)
    output.initializeMemory(as: UInt8.self, repeating: 0xa5)
    let start = guardCount + offset
    let place = inPlace ? input : output
    UnsafeMutableRawBufferPointer(rebasing: input[start..<start + count]).copyBytes(from: text[..<count])
    var tag = [UInt8](repeating: 0, count: 16)
    let from = input.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self) + start
    let to = place.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self) + start
    mode(key, from, to, count, &tag)
    let isInside = place[..<start].allSatisfy { $0 == 0xa5 } && place[(start + count)...].allSatisfy { $0 == 0xa5 }
    return isInside ? Array(place[start..<start + count]) + tag : nil
  }

  @Test("gives what the scalar one gives, at all lengths and addresses", arguments: modes.keys.sorted(), others)
  func agreement(_ name: String, _ path: SM4.Path) throws {
    let mode = try #require(Self.modes[name])
    let (scalar, other) = (Key(.scalar), Key(path))
    for count in Self.counts {
      let length = ["CTR", "GCM", "CCM"].contains(name) ? count : count / 16 * 16
      let expected = Self.run(mode, scalar, count: length, offset: 0, inPlace: false)
      #expect(expected != nil)
      let offset = count % 17
      #expect(Self.run(mode, other, count: length, offset: offset, inPlace: false) == expected, "\(length)")
      #expect(Self.run(mode, other, count: length, offset: offset, inPlace: true) == expected, "\(length) in place")
    }
  }

  @Test("works in place and inside its memory", arguments: modes.keys.sorted())
  func scalarInPlace(_ name: String) throws {
    let mode = try #require(Self.modes[name])
    let key = Key(.scalar)
    for count in stride(from: 0, through: 600, by: 16) {
      let length = count + (["CTR", "GCM", "CCM"].contains(name) ? count / 16 % 16 : 0)
      let expected = Self.run(mode, key, count: length, offset: 0, inPlace: false)
      #expect(expected != nil)
      #expect(Self.run(mode, key, count: length, offset: 3, inPlace: true) == expected, "\(length)")
    }
  }

  @Test("counts over all sixteen bytes and wraps", arguments: SM4.Path.available)
  func counters(_ path: SM4.Path) throws {
    let secret = SecretBytes(copying: Self.key)
    let (block, key) = (try SM4.BlockKey(secret), try SM4.Unauthenticated.CTRKey(secret, path: path))
    for ending in ["00000000fffffff0", "00000000ffffffff", "fffffffffffffffe", "ffffffffffffff00"] {
      for beginning in ["0011223344556677", "ffffffffffffffff"] {
        var counter = bytes(beginning + ending)
        var expected: [UInt8] = []
        let start = counter
        for _ in 0..<90 {
          expected += block.encrypt(counter)
          for place in counter.indices.reversed() {
            counter[place] &+= 1
            if counter[place] != 0 { break }
          }
        }
        let zeros = [UInt8](repeating: 0, count: expected.count)
        #expect(try key.apply(counter: start, to: zeros) == expected, "\(beginning + ending)")
      }
    }
  }

  @Test("counts in GCM over four bytes only, as the standard says", arguments: SM4.Path.available)
  func galoisCounter(_ path: SM4.Path) throws {
    // The counter of GCM starts at 2, so that its wrap is out of reach; this is the step below it.
    let key = Key(path)
    let start = bytes("0011223344556677ffffffff") + bytes("00000002")
    let block = try SM4.BlockKey(SecretBytes(copying: Self.key))
    var output = [UInt8](repeating: 0, count: 64)
    var tag = output
    withUnsafePointer(to: key.gcm) {
      guomi_sm4_gcm_seal($0, start, nil, 0, [UInt8](repeating: 0, count: 64), 64, &output, &tag)
    }
    let counters = (2..<6).flatMap { start[..<12] + [0, 0, 0, UInt8($0)] }
    #expect(output == block.encrypt(counters))
  }

  @Test("that the machine lacks is refused")
  func missing() {
    var cipher = guomi_sm4()
    #expect(guomi_sm4_init(&cipher, Self.key, guomi_sm4_path(rawValue: 3)) == -1)
    #expect(guomi_sm4_supports(guomi_sm4_path(rawValue: 77)) == 0)
    for path in SM4.Path.allCases where !SM4.Path.available.contains(path) {
      #expect(throws: SM4.Failure.pathMissing) {
        try SM4.BlockKey(SecretBytes(copying: Self.key), path: path)
      }
    }
  }

  @Test("is told apart by nobody who waits for a comparison: it answers rightly for every place")
  func comparison() {
    let left = Self.random.bytes(40)
    #expect(guomi_equal(left, left, 40) == 1)
    #expect(guomi_equal(left, nil, 0) == 1)
    for place in 0..<40 {
      for bit in 0..<8 {
        var right = left
        right[place] ^= 1 << bit
        #expect(guomi_equal(left, right, 40) == 0)
        #expect(guomi_equal(left, right, place) == 1)
      }
    }
  }

  @Test("leaves zeros where it wiped")
  func wiping() {
    var left = Self.random.bytes(40)
    guomi_wipe(&left, 39)
    #expect(left.dropLast().allSatisfy { $0 == 0 })
    #expect(left[39] != 0)
    guomi_wipe(nil, 0)
  }
}
