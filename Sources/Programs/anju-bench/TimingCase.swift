import CGuomi
import Guomi

/// An operation whose time may not depend on its data, or a control whose time does.
struct TimingCase {
  let name: String
  /// What the two classes are.
  let classes: (String, String)
  let fixed: [UInt8]
  let isLeaky: Bool
  /// Takes one input of `fixed.count` bytes.
  let body: (UnsafePointer<UInt8>) -> Void

  var byteCount: Int { fixed.count }

  private static let tag: [UInt8] = Array(0x70..<0x80)
  private static let classesOfData = ("fixed", "random")
  private static let classesOfTags = ("right tag", "random tag")

  static func all() throws -> [TimingCase] {
    SM4.Path.available.flatMap { [block($0), record($0), keyed($0)] } + [comparison, earlyExit, branch]
  }

  private static func code(_ path: SM4.Path) -> guomi_sm4_path {
    switch path {
    case .scalar: GUOMI_SM4_SCALAR
    case .aesni: GUOMI_SM4_AESNI
    case .gfni: GUOMI_SM4_GFNI
    }
  }

  /// One block under one key.
  private static func block(_ path: SM4.Path) -> TimingCase {
    var key = guomi_sm4()
    _ = guomi_sm4_init(&key, CryptoCase.key, code(path))
    let expanded = key
    var output = [UInt8](repeating: 0, count: 16)
    return TimingCase(
      name: "SM4 \(path.rawValue): one block, text", classes: classesOfData, fixed: Array(0..<16), isLeaky: false
    ) { text in
      withUnsafePointer(to: expanded) { guomi_sm4_encrypt_blocks($0, text, &output, 1) }
    }
  }

  /// 320 bytes of GCM, text and associated data.
  private static func record(_ path: SM4.Path) -> TimingCase {
    var key = guomi_sm4_gcm()
    _ = guomi_sm4_gcm_init(&key, CryptoCase.key, code(path))
    let expanded = key
    var output = [UInt8](repeating: 0, count: 320)
    var tag = [UInt8](repeating: 0, count: 16)
    return TimingCase(
      name: "SM4 \(path.rawValue): GCM of 320 bytes, text", classes: classesOfData, fixed: CryptoCase.text(340),
      isLeaky: false
    ) { text in
      withUnsafePointer(to: expanded) {
        guomi_sm4_gcm_seal($0, CryptoCase.nonce, text + 320, 20, text, 320, &output, &tag)
      }
    }
  }

  /// Key expansion, hash key, one block: everything that sees the key.
  private static func keyed(_ path: SM4.Path) -> TimingCase {
    let path = code(path)
    var key = guomi_sm4_gcm()
    var output = [UInt8](repeating: 0, count: 16)
    var tag = output
    let text = CryptoCase.text(16)
    return TimingCase(
      name: "SM4 \(SM4.Path.allCases[Int(path.rawValue)].rawValue): key expansion and GCM of 16 bytes, key",
      classes: classesOfData, fixed: CryptoCase.key, isLeaky: false
    ) { bytes in
      _ = guomi_sm4_gcm_init(&key, bytes, path)
      guomi_sm4_gcm_seal(&key, CryptoCase.nonce, nil, 0, text, 16, &output, &tag)
    }
  }

  private static var comparison: TimingCase {
    var sum: Int32 = 0
    return TimingCase(name: "comparison of tags", classes: classesOfTags, fixed: tag, isLeaky: false) {
      sum &+= guomi_equal($0, tag, 16)
    }
  }

  /// What `memcmp` and `==` do.
  private static var earlyExit: TimingCase {
    var sum = 0
    return TimingCase(
      name: "control: a comparison that stops at the first difference", classes: classesOfTags, fixed: tag,
      isLeaky: true
    ) { bytes in
      var place = 0
      while place < 16, bytes[place] == tag[place] { place += 1 }
      sum &+= place
    }
  }

  /// A step taken for each bit that is set.
  private static var branch: TimingCase {
    var sum: UInt64 = 1
    return TimingCase(
      name: "control: one more step for each set bit", classes: classesOfData,
      fixed: [UInt8](repeating: 0, count: 16), isLeaky: true
    ) { bytes in
      for place in 0..<16 {
        for bit in 0..<8 where bytes[place] >> bit & 1 == 1 { sum = sum &* 3 &+ 1 }
      }
    }
  }
}
