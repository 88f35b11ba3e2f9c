package countersign;

/** What was passed cannot be signed. */
public final class InputError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  InputError(String message) {
    super(message);
  }
}
