import Guomi
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

/// Keys at rest: sealed, whole after any cut, of one device only.
@Suite(.clause("9.5.8"))
struct StoreTests {
  private func element(_ folder: String, _ secret: SecretBytes) throws -> SoftElement {
    try SoftElement(folder: folder, secret: secret, tested: Randomness(entropy: .operatingSystem))
  }

  @Test("a write that stops after any byte leaves the state before it, whole")
  func torn() throws {
    let (folder, secret) = (try TemporaryFolder(), try RandomSource.operatingSystem.secret(32))
    var first: SoftElement? = try element(folder.home, secret)
    guard case .slot(let kept)? = try first?.answer(.generate(.sm4, .seal, label: "kept"), for: 1) else { return }
    first = nil
    let before = try ["state.0", "state.1"].map { try Files.read(folder.path($0)) }
    first = try element(folder.home, secret)
    _ = try first?.answer(.generate(.sm4, .seal, label: "next"), for: 1)
    first = nil
    let after = try ["state.0", "state.1"].map { try Files.read(folder.path($0)) }
    let file = before[0] == after[0] ? 1 : 0
    #expect(before[1 - file] == after[1 - file] && before[file] != after[file])
    for count in 0..<after[file].count {
      let torn = after[file].prefix(count) + before[file].dropFirst(count)
      let place = try TemporaryFolder()
      try Files.write(before[1 - file], place.path("state.\(1 - file)"))
      try Files.write(Array(torn), place.path("state.\(file)"))
      let found = try element(place.home, secret).answer(.slots, for: 1)
      #expect(found == .slots([kept]), "\(count)")
    }
  }

  @Test("the very first write may stop anywhere: the element begins anew")
  func tornAtFirst() throws {
    let (folder, secret) = (try TemporaryFolder(), try RandomSource.operatingSystem.secret(32))
    _ = try element(folder.home, secret)
    let whole = try Files.read(folder.path("state.0"))
    for count in stride(from: 0, to: whole.count, by: 7) {
      let place = try TemporaryFolder()
      try Files.write(Array(whole.prefix(count)), place.path("state.0"))
      #expect(try element(place.home, secret).answer(.slots, for: 1) == .slots([]))
    }
  }

  @Test("another device's secret opens nothing, and nothing is overwritten then")
  func otherSecret() throws {
    let bench = try Bench()
    _ = try bench.slot(.generate(.sm4, .seal, label: ""))
    let copy = try TemporaryFolder()
    for file in ["state.0", "state.1"] { try Files.write(Files.read(bench.folder.path(file)), copy.path(file)) }
    let before = try Files.read(copy.path("state.0"))
    #expect(throws: SecureElementError.notAuthentic) {
      try element(copy.home, RandomSource.operatingSystem.secret(32))
    }
    #expect(try Files.read(copy.path("state.0")) == before)
  }

  @Test("a changed byte anywhere in both files is found")
  func flipped() throws {
    let bench = try Bench()
    _ = try bench.answer(.increment(0))
    let files = try ["state.0", "state.1"].map { try Files.read(bench.folder.path($0)) }
    for place in 0..<files[0].count {
      let copy = try TemporaryFolder()
      for (number, file) in files.enumerated() {
        var file = file
        file[min(place, file.count - 1)] ^= 0x20
        try Files.write(file, copy.path("state.\(number)"))
      }
      #expect(throws: SecureElementError.notAuthentic) { try element(copy.home, bench.secret) }
    }
  }

  @Test("a destroyed key is in neither file, nor anything after a wipe")
  func erased() throws {
    let bench = try Bench()
    let slot = try bench.slot(.generate(.sm4, .seal, label: "gone"))
    _ = try bench.answer(.destroy(slot.number))
    for file in ["state.0", "state.1"] {
      let copy = try TemporaryFolder()
      try Files.write(Files.read(bench.folder.path(file)), copy.path("state.0"))
      #expect(try element(copy.home, bench.secret).state.slots.isEmpty)
    }
    _ = try bench.answer(.increment(1))
    _ = try bench.answer(.wipe)
    for file in ["state.0", "state.1"] {
      let copy = try TemporaryFolder()
      try Files.write(Files.read(bench.folder.path(file)), copy.path("state.0"))
      let state = try element(copy.home, bench.secret).state
      #expect(state.slots.isEmpty && state.platform == nil && state.counters.allSatisfy { $0 == 0 })
    }
  }

  @Test("two elements do not share a folder")
  func locked() throws {
    let bench = try Bench()
    #expect(throws: SecureElementError.storage) { try element(bench.folder.home, bench.secret) }
  }

  @Test("the device secret is made once, for its user alone, and refused when others can read it")
  func deviceSecret() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("secret")
    let secret = try DeviceSecret.load(path, random: .operatingSystem)
    #expect(try Files.mode(path) == 0o600)
    #expect(try DeviceSecret.load(path, random: .operatingSystem) == secret)
    try Files.setMode(path, 0o640)
    #expect(throws: SecureElementError.storage) { try DeviceSecret.load(path, random: .operatingSystem) }
    try Files.write([1, 2, 3], path)
    try Files.setMode(path, 0o600)
    #expect(throws: SecureElementError.storage) { try DeviceSecret.load(path, random: .operatingSystem) }
  }
}
