import Testing

/// `#expect(a == b)` for values that a mutating call on a noncopyable machine gave, which the macro cannot take apart.
func check<T: Equatable>(_ actual: T, _ expected: T, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(actual == expected, sourceLocation: sourceLocation)
}
