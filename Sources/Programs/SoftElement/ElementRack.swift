package import Guomi
package import SecureElement

/// What a server of calls answers with: one element, or a rack of them.
package protocol ElementAnswering: AnyObject {
  func answer(_ request: ElementRequest, for caller: SoftElement.Caller) throws(SecureElementError) -> ElementAnswer
  /// A caller is gone, and what it began with it.
  func forget(_ caller: SoftElement.Caller)
}

/// Several elements in one process, each with its own store, id and keys: what a virtual building uses in place of
/// hundreds of processes. They share the generator and its checks, the process and its walls; a call names its element.
///
/// A product has one element in one process; nothing else in it is like a rack.
package final class ElementRack: ElementAnswering {
  /// Elements of one rack.
  package static let elementsMax = 4_096

  private var elements: [[UInt8]: SoftElement] = [:]

  /// Opens, or begins, the elements.
  ///
  /// - Parameters:
  ///   - names: of files too, so letters, digits, `.`, `_` and `-`, and not a dot first.
  ///   - folder: exists; each element gets a folder of its name in it.
  ///   - secret: the rack's; each element's is derived of it and its name.
  /// - Throws: `.malformed` for a name that can not be one, none or too many; what an element's store says.
  package init(
    names: [String], folder: String, secret: SecretBytes, randomness: Randomness
  ) throws(SecureElementError) {
    guard (1...Self.elementsMax).contains(names.count) else { throw .malformed }
    try KnownAnswers.check(random: randomness.source)
    guard randomness.checkUntilSettled() else { throw .randomness }
    for name in names {
      guard Self.isName(name) else { throw .malformed }
      let own = KBKDF.derive(
        secret: secret, label: Array("ANJU-SE-RACK-1".utf8), context: Array(name.utf8), byteCount: 32)
      let path = "\(folder)/\(name)"
      try ElementProgram.makeFolder(path)
      elements[Array(name.utf8)] = try SoftElement(folder: path, secret: own, tested: randomness)
    }
  }

  private static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  package func answer(
    _ request: ElementRequest, for caller: SoftElement.Caller
  ) throws(SecureElementError) -> ElementAnswer {
    guard case .at(let name, let request) = request else { throw .unknownCall }
    guard let element = elements[name] else { throw .missing }
    return try element.answer(request, for: caller)
  }

  package func forget(_ caller: SoftElement.Caller) {
    for element in elements.values { element.forget(caller) }
  }

  /// What the program has done to shut itself in.
  package func tell(isAllMemoryLocked: Bool, isConfined: Bool) {
    for element in elements.values {
      element.isAllMemoryLocked = isAllMemoryLocked
      element.isConfined = isConfined
    }
  }
}
