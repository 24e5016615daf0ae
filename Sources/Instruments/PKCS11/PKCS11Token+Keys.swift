import CPKCS11

extension PKCS11Token {
  /// Makes an AES-256 key that the token never gives out: sensitive, not extractable, for this token's life.
  ///
  /// - Parameter label: its name, 1 to 128 bytes.
  /// - Throws: `.keyExists`, `.cannotWrite`.
  public func generateKey(label: String) throws(PKCS11Error) {
    guard try find(label) == nil else { throw .keyExists(label) }
    let key = try withSession { (session, table) throws(PKCS11Error) in
      guard let generate = table.C_GenerateKey else { throw PKCS11Error.missing("C_GenerateKey") }
      var mechanism = CK_MECHANISM()
      mechanism.mechanism = CK_MECHANISM_TYPE(CKM_AES_KEY_GEN)
      var key: CK_OBJECT_HANDLE = 0
      let attributes = Template([
        .truth(CKA_TOKEN, true), .truth(CKA_PRIVATE, true), .truth(CKA_SENSITIVE, true),
        .truth(CKA_EXTRACTABLE, false), .truth(CKA_ENCRYPT, true), .truth(CKA_DECRYPT, true),
        .truth(CKA_WRAP, true), .truth(CKA_UNWRAP, true), .number(CKA_VALUE_LEN, 32),
        .text(CKA_LABEL, label),
      ])
      let code = attributes.withPointer { generate(session, &mechanism, $0, $1, &key) }
      try PKCS11Error.check(code, "C_GenerateKey")
      return key
    }
    cache(label, key)
  }

  /// Whether the token has a key of this label. Asks the token, not the memory.
  public func hasKey(label: String) throws(PKCS11Error) -> Bool {
    try find(label) != nil
  }

  /// Destroys a key. Nothing that it wrapped is ever readable again.
  ///
  /// - Throws: `.keyMissing`.
  public func destroyKey(label: String) throws(PKCS11Error) {
    guard let key = try find(label) else { throw .keyMissing(label) }
    try withSession { (session, table) throws(PKCS11Error) in
      try PKCS11Error.check(table.C_DestroyObject?(session, key) ?? PKCS11Token.functionMissing, "C_DestroyObject")
    }
    cache(label, nil)
  }

  /// The key's handle, asked of the token.
  private func find(_ label: String) throws(PKCS11Error) -> CK_OBJECT_HANDLE? {
    let found = try withSession { (session, table) throws(PKCS11Error) -> CK_OBJECT_HANDLE? in
      guard let begin = table.C_FindObjectsInit, let next = table.C_FindObjects, let end = table.C_FindObjectsFinal
      else { throw .missing("C_FindObjects") }
      let template = Template([
        .number(CKA_CLASS, CKO_SECRET_KEY), .truth(CKA_TOKEN, true), .text(CKA_LABEL, label),
      ])
      try PKCS11Error.check(template.withPointer { begin(session, $0, $1) }, "C_FindObjectsInit")
      defer { _ = end(session) }
      var key: CK_OBJECT_HANDLE = 0
      var count: UInt = 0
      try PKCS11Error.check(next(session, &key, 1, &count), "C_FindObjects")
      return count == 1 ? key : nil
    }
    cache(label, found)
    return found
  }

  func key(_ label: String) throws(PKCS11Error) -> CK_OBJECT_HANDLE {
    if let key = cachedKey(label) { return key }
    guard let key = try find(label) else { throw .keyMissing(label) }
    return key
  }

  /// Random bytes of the token's generator.
  ///
  /// - Parameter count: 1 to 4,096.
  public func random(_ count: Int) throws(PKCS11Error) -> [UInt8] {
    guard (1...4_096).contains(count) else { throw .tooLarge(bytes: count, max: 4_096) }
    return try withSession { (session, table) throws(PKCS11Error) in
      var bytes = [UInt8](repeating: 0, count: count)
      let code = table.C_GenerateRandom?(session, &bytes, UInt(count))
      try PKCS11Error.check(code ?? PKCS11Token.functionMissing, "C_GenerateRandom")
      return bytes
    }
  }
}

/// Attributes for a call, kept where the module can read them.
struct Template {
  enum Item {
    case truth(UInt, Bool)
    case number(UInt, UInt)
    case text(UInt, String)
  }

  private let types: [UInt]
  private let values: [[UInt8]]

  init(_ items: [Item]) {
    var types: [UInt] = []
    var values: [[UInt8]] = []
    for item in items {
      switch item {
      case .truth(let type, let value):
        types.append(type)
        values.append([value ? 1 : 0])
      case .number(let type, let value):
        types.append(type)
        values.append(withUnsafeBytes(of: CK_ULONG(value)) { Array($0) })
      case .text(let type, let value):
        types.append(type)
        values.append(Array(value.utf8))
      }
    }
    self.types = types
    self.values = values
  }

  /// The attributes and their number; valid within the body.
  func withPointer<T>(_ body: (UnsafeMutablePointer<CK_ATTRIBUTE>?, UInt) -> T) -> T {
    let total = values.reduce(0) { $0 + max(8, ($1.count + 7) & ~7) }
    return withUnsafeTemporaryAllocation(byteCount: max(8, total), alignment: 8) { room in
      var attributes: [CK_ATTRIBUTE] = []
      var offset = 0
      for (type, value) in zip(types, values) {
        let place = UnsafeMutableRawBufferPointer(rebasing: room[offset..<(offset + value.count)])
        place.copyBytes(from: value)
        attributes.append(
          CK_ATTRIBUTE(type: CK_ATTRIBUTE_TYPE(type), pValue: place.baseAddress, ulValueLen: UInt(value.count)))
        offset += max(8, (value.count + 7) & ~7)
      }
      return attributes.withUnsafeMutableBufferPointer { body($0.baseAddress, UInt($0.count)) }
    }
  }
}
