import Guomi
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

@Suite("Several elements in one process")
struct RackTests {
  private func rack(_ folder: TemporaryFolder, _ names: [String] = ["LK-1", "LK-2"]) throws -> ElementRack {
    let shared = SharedRandom(seed: 8)
    let randomness = Randomness(unchecked: RandomSource { shared.bytes($0) })
    return try ElementRack(
      names: names, folder: folder.path(""), secret: SecretBytes(copying: [UInt8](repeating: 1, count: 32)),
      randomness: randomness)
  }

  private func identity(_ rack: ElementRack, _ name: String) throws -> ElementIdentity {
    guard case .identity(let identity) = try rack.answer(.at(element: Array(name.utf8), .identity), for: 1) else {
      throw SecureElementError.inside
    }
    return identity
  }

  private func slots(_ rack: ElementRack, _ name: String) throws -> [KeySlot] {
    guard case .slots(let slots) = try rack.answer(.at(element: Array(name.utf8), .slots), for: 1) else {
      throw SecureElementError.inside
    }
    return slots
  }

  @Test("have each an id, keys and a store of their own", .clause("9.5.1", "9.5.4"))
  func own() throws {
    let folder = try TemporaryFolder("rack")
    var ids: [[UInt8]] = []
    do {
      let rack = try rack(folder)
      ids = try ["LK-1", "LK-2"].map { try identity(rack, $0).id }
      #expect(ids[0] != ids[1])
      _ = try rack.answer(
        .at(element: Array("LK-1".utf8), .generate(.sm4, [.seal, .open], label: "k")), for: 1)
      #expect(try slots(rack, "LK-1").count == 1 && slots(rack, "LK-2").isEmpty)
    }
    let again = try rack(folder, ["LK-2", "LK-1"])
    #expect(try ["LK-1", "LK-2"].map { try identity(again, $0).id } == ids)
    #expect(try slots(again, "LK-1").count == 1)
  }

  @Test("a call without a name, to an unknown one, or wrapped twice is refused")
  func addresses() throws {
    let folder = try TemporaryFolder("rack")
    let rack = try rack(folder)
    #expect(throws: SecureElementError.unknownCall) { try rack.answer(.identity, for: 1) }
    #expect(throws: SecureElementError.missing) { try rack.answer(.at(element: [9], .identity), for: 1) }
    #expect(throws: SecureElementError.unknownCall) {
      try ElementRequest(ElementRequest.at(element: [1], .at(element: [2], .slots)).bytes)
    }
    let one = ElementRequest.at(element: Array("LK-1".utf8), .protect(3, message: [1], context: [2]))
    #expect(try ElementRequest(one.bytes) == one)
    for name in ["", ".", "../x", "a/b", String(repeating: "x", count: 65)] {
      #expect(throws: SecureElementError.malformed) { try self.rack(folder, [name]) }
    }
  }
}
