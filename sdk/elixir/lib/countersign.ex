defmodule Countersign.InputError do
  @moduledoc "What was passed cannot be signed."
  defexception [:message]
end

defmodule Countersign do
  @moduledoc """
  For a customer's backend: proves to Countersign who is logged in there, and checks that a
  request came from Countersign. No dependencies; Elixir 1.14 on OTP 25 or later.

  Input that the gate would refuse raises `Countersign.InputError`. The verifiers answer
  `{:error, reason}`, one of `t:reason/0`.
  """

  alias Countersign.InputError

  @type reason :: :proof_missing | :proof_malformed | :proof_mismatch | :token_expired | :token_early
  @type headers :: [{String.t(), String.t()}]

  # Seconds that a request's time may lie from ours.
  @tolerance 300
  @max_number 0x1FFFFFFFFFFFFF
  @signature "X-HelpScout-Signature"
  @issued_at "issued-at"
  # What keys of a dialect may sign: u, the user id; e, the email.
  @hashes %{
    "native" => "ue", "intercom" => "ue", "helpscout" => "e", "pylon" => "e", "ensoras" => "e", "chatwoot" => "ue",
    "crisp" => "e", "tawk" => "ue", "front" => "e", "plain" => "e", "gleap" => "u", "novu" => "u", "featurebase" => "ue"
  }
  # Which claim of a dialect's tokens names the person.
  @people %{
    "native-jwt" => "user_id", "intercom-jwt" => "user_id", "pylon-jwt" => "user_id",
    "zendesk-jwt" => "external_id", "freshchat-jwt" => "reference_id"
  }
  @ours ~w(conversation-id conversation-number customer-id mailbox-id user-id installation-ids
           application-id application-slug issued-at tier x-helpscout-signature)
  @control ~r/[\x{0}-\x{1f}\x{7f}-\x{9f}]/u
  @blank ~r/[\x{0}-\x{20}\x{7f}-\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]/u

  @doc """
  The identity hash, 64 hexadecimal digits, over the one field that the key signs: `user_id:` or
  `email:`. `dialect:` is native (the default), intercom, helpscout, pylon, ensoras, chatwoot, crisp, tawk,
  front, plain, gleap, novu or featurebase.
  """
  @spec user_hash(String.t(), keyword()) :: String.t()
  def user_hash(secret, options) do
    dialect = Keyword.get(options, :dialect, "native")
    signs = @hashes[dialect] || input!("no such dialect with a hash")
    key = key!(secret, dialect)
    {user, mail} = identity!(options)
    if user != "" and mail != "", do: input!("a hash covers one field: give the one that the key signs")
    unless String.contains?(signs, if(user == "", do: "e", else: "u")), do: input!("a key of #{dialect} does not sign this field")

    # Languages disagree on lowering outside ASCII; the gate takes this.
    message = if dialect == "ensoras", do: String.downcase(mail, :ascii), else: user <> mail
    Base.encode16(:crypto.mac(:hmac, :sha256, key, message), case: :lower)
  end

  @doc """
  A v1 token for a `channel:` (its id or slug), with `user_id:`, `email:` or both; it lives as
  long as the channel says. `now:` is seconds since 1970.
  """
  @spec token_v1(String.t(), keyword()) :: String.t()
  def token_v1(secret, options) do
    key = key!(secret, "native-v1")
    {user, mail} = identity!(options)
    channel = channel!(options[:channel])
    issued = Integer.to_string(time!(options))
    signed = for text <- ["countersign.v1", channel, user, mail, issued], into: "", do: "#{byte_size(text)}:#{text},"
    Enum.join(["v1", encode(channel), issued, encode(user), encode(mail), encode(:crypto.mac(:hmac, :sha256, key, signed))], ".")
  end

  @doc """
  A JSON Web Token, HS256. `dialect:` is native-jwt (the default), pylon-jwt, or intercom-jwt, zendesk-jwt
  or freshchat-jwt, which may leave out the `channel:`; `life:` is in seconds (600), `claims:` a map of name and attributes.
  """
  @spec token_jwt(String.t(), keyword()) :: String.t()
  def token_jwt(secret, options) do
    dialect = Keyword.get(options, :dialect, "native-jwt")
    person = @people[dialect] || input!("no such dialect with a JWT")
    named = dialect in ~w(native-jwt pylon-jwt)
    scope = if dialect == "zendesk-jwt", do: "user", else: ""
    key = key!(secret, dialect)
    {user, mail} = identity!(options)
    life = Keyword.get(options, :life, 600)
    unless is_integer(life) and life >= 1, do: input!("the life of a token is a number of seconds")
    if dialect == "pylon-jwt" and (mail == "" or life > 900), do: input!("a token of pylon-jwt names the email and lives 900 seconds at most")
    if not named and user == "", do: input!("a token of #{dialect} names the user id")
    channel = if not named and options[:channel] in [nil, ""], do: "", else: channel!(options[:channel])
    issued = time!(options)
    own = for {name, text} <- [{"aud", channel}, {person, user}, {"email", mail}, {"scope", scope}], text != "", do: {name, text}
    rest = for {name, value} <- Keyword.get(options, :claims, %{}), do: {claim!(name), value}
    if Enum.any?(rest, fn {name, _} -> to_string(name) == person or (scope != "" and to_string(name) == "scope") end), do: input!("a claim has an option of its own")
    members = for {name, value} <- [{"iat", issued}, {"exp", issued + life}] ++ own ++ rest, do: "#{json(name)}:#{json(value)}"
    signed = encode(~s({"alg":"HS256","typ":"JWT"})) <> "." <> encode("{" <> Enum.join(members, ",") <> "}")
    signed <> "." <> encode(:crypto.mac(:hmac, :sha256, key, signed))
  end

  @doc """
  Checks the Standard Webhooks headers over the raw body. `secrets` are as they are shown
  (whsec_...), several during a rotation; `headers` as `Plug.Conn` has them.
  """
  @spec verify_webhook([String.t()], headers(), binary(), keyword()) :: :ok | {:error, reason()}
  def verify_webhook(secrets, headers, body, options \\ []) do
    keys = Enum.map(secrets, &webhook_key!/1)

    with {:ok, id} <- one(headers, "webhook-id"),
         {:ok, stamp} <- one(headers, "webhook-timestamp"),
         {:ok, listed} <- one(headers, "webhook-signature"),
         {:ok, at} <- seconds(stamp),
         true <- id =~ ~r/\A[\x21-\x2d\x2f-\x7e]{1,255}\z/ || {:error, :proof_malformed},
         {:ok, macs} <- signatures(listed),
         true <- matches?(keys, :sha256, "#{id}.#{stamp}." <> body, macs) || {:error, :proof_mismatch} do
      judge(at, options)
    end
  end

  @doc """
  Checks the raw query of a frame's address (`conn.query_string`) and answers with the signed
  parameters in their order; believe no others. `own:` lists the parameters that your app's own
  address has, which are not signed.
  """
  @spec verify_query([String.t()], String.t(), keyword()) :: {:ok, [{String.t(), String.t()}]} | {:error, reason()}
  def verify_query(secrets, query, options \\ []) do
    keys = Enum.map(secrets, &key!(&1, "helpscout"))
    own = Keyword.get(options, :own, [])

    if Enum.any?(own, &(String.downcase(&1) in @ours or not plain?(&1))) do
      input!("an own parameter has one of Countersign's names or an odd character")
    end

    with {:ok, all} <- read(query),
         params = Enum.reject(all, fn {name, _} -> name in own end),
         {sent, signed} = List.keytake(params, @signature, 0) || {{@signature, ""}, params},
         {:ok, mac} <- if(elem(sent, 1) == "", do: {:error, :proof_missing}, else: strict(elem(sent, 1), 20)),
         true <- Enum.all?(signed, fn {_, value} -> String.valid?(value) end) || {:error, :proof_malformed},
         true <- (signed != [] and matches?(keys, :sha, php(signed), [mac])) || {:error, :proof_mismatch},
         :ok <- judge_issued(List.keyfind(signed, @issued_at, 0), options) do
      {:ok, signed}
    end
  end

  @doc """
  Checks the header X-HelpScout-Signature over the raw body. It has no time, so a replay
  verifies: check `verify_webhook/4` too where its headers are there.
  """
  @spec verify_body([String.t()], headers(), binary()) :: :ok | {:error, reason()}
  def verify_body(secrets, headers, body) do
    keys = Enum.map(secrets, &key!(&1, "helpscout"))

    with {:ok, value} <- one(headers, @signature),
         {:ok, mac} <- strict(value, 20) do
      if matches?(keys, :sha, body, [mac]), do: :ok, else: {:error, :proof_mismatch}
    end
  end

  defp input!(message), do: raise(InputError, message: message)

  defp key!(secret, dialect) do
    unless is_binary(secret) and secret != "", do: input!("the secret is empty or no text")

    case dialect == "pylon" and Base.decode16(secret, case: :mixed) do
      false -> secret
      {:ok, key} -> key
      :error -> input!("this dialect's secret is hexadecimal")
    end
  end

  defp webhook_key!(secret) do
    case decode(String.replace_prefix(secret, "whsec_", "")) do
      "" -> input!("a webhook secret is whsec_ and base64")
      key -> key
    end
  end

  defp identity!(options) do
    user = user!(options[:user_id])
    mail = text!(options[:email] || "", "the email")
    if user == "" and mail == "", do: input!("neither a user id nor an email was given")
    if byte_size(user) > 255 or user =~ @control, do: input!("a user id is 1 to 255 bytes without control characters")

    unless mail == "" or (byte_size(mail) <= 254 and mail =~ ~r/\A[^@]+@[^@]+\z/ and not (mail =~ @blank)) do
      input!("an email is at most 254 bytes with exactly one @, something on both sides and no blank")
    end

    {user, mail}
  end

  defp user!(nil), do: ""
  defp user!(number) when is_integer(number) and abs(number) <= @max_number, do: Integer.to_string(number)
  defp user!(number) when is_integer(number), do: input!("a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page")
  defp user!(text), do: text!(text, "the user id")

  defp text!(text, what) do
    if is_binary(text) and String.valid?(text), do: text, else: input!("#{what} is no text, or no valid Unicode")
  end

  defp channel!(channel) do
    if channel in [nil, ""], do: input!("a token names its channel"), else: text!(channel, "the channel")
  end

  defp time!(options) do
    now = Keyword.get_lazy(options, :now, fn -> System.os_time(:second) end)
    if is_integer(now) and now >= 1, do: now, else: input!("a time is an integer, in seconds since 1970")
  end

  defp claim!(name) do
    name = text!(to_string(name), "the name of a claim")
    if name in ~w(aud iat exp user_id email), do: input!("the claim #{name} has an option of its own"), else: name
  end

  defp json(value) when is_integer(value) or is_float(value) or is_boolean(value), do: to_string(value)
  defp json(nil), do: "null"

  defp json(text) do
    quoted = Regex.replace(~r/["\\\x00-\x1f]/, text!(text, "a claim"), fn <<c>> -> unit(c) end)
    "\"" <> quoted <> "\""
  end

  defp unit(c), do: "\\u" <> (c |> Integer.to_string(16) |> String.downcase() |> String.pad_leading(4, "0"))

  # What PHP's json_encode prints: / escaped, and everything outside ASCII.
  defp php(params), do: "{" <> Enum.map_join(params, ",", fn {name, value} -> php_text(name) <> ":" <> php_text(value) end) <> "}"
  defp php_text(text), do: "\"" <> for(<<c::utf8 <- text>>, into: "", do: php_character(c)) <> "\""

  for {c, short} <- [{?", ?"}, {?\\, ?\\}, {?/, ?/}, {?\b, ?b}, {?\f, ?f}, {?\n, ?n}, {?\r, ?r}, {?\t, ?t}] do
    defp php_character(unquote(c)), do: <<?\\, unquote(short)>>
  end

  defp php_character(c) when c >= 0x20 and c < 0x80, do: <<c>>
  defp php_character(c), do: for(<<(half::16 <- <<c::utf16>>)>>, into: "", do: unit(half))

  defp encode(data), do: Base.url_encode64(data, padding: false)

  # Standard base64 with its padding, one spelling a value; empty if it is not.
  defp decode(text) do
    case Base.decode64(text) do
      {:ok, data} -> if Base.encode64(data) == text, do: data, else: ""
      :error -> ""
    end
  end

  defp strict(text, size) do
    data = decode(text)
    if byte_size(data) == size, do: {:ok, data}, else: {:error, :proof_malformed}
  end

  # Every pair is compared, so that the time does not tell which one matched.
  defp matches?(keys, kind, message, macs) do
    same = for key <- keys, mac <- macs, do: :crypto.hash_equals(:crypto.mac(:hmac, kind, key, message), mac)
    Enum.any?(same)
  end

  defp one(headers, name) do
    case for({n, value} <- headers, String.downcase(n) == String.downcase(name), do: value) do
      [] -> {:error, :proof_missing}
      [""] -> {:error, :proof_missing}
      [value] -> {:ok, value}
      _ -> {:error, :proof_malformed}
    end
  end

  defp signatures(listed) do
    items = String.split(listed, " ")
    macs = for "v1," <> encoded <- items, do: strict(encoded, 32)

    cond do
      length(items) > 16 or {:error, :proof_malformed} in macs -> {:error, :proof_malformed}
      macs == [] -> {:error, :proof_missing}
      true -> {:ok, Keyword.values(macs)}
    end
  end

  defp read(query) do
    query
    |> String.split("&", trim: true)
    |> Enum.reduce_while({:ok, []}, fn pair, {:ok, params} ->
      [name, value] = if pair =~ "=", do: String.split(pair, "=", parts: 2), else: [pair, ""]
      name = unescape(name)

      if pair =~ ~r/%(?![0-9a-fA-F]{2})/ or not plain?(name) or List.keymember?(params, name, 0) do
        {:halt, {:error, :proof_malformed}}
      else
        {:cont, {:ok, params ++ [{name, unescape(value)}]}}
      end
    end)
  end

  defp unescape(raw) do
    Regex.replace(~r/%([0-9a-fA-F]{2})/, String.replace(raw, "+", " "), fn _, digits -> Base.decode16!(digits, case: :mixed) end)
  end

  # Letters, digits, _ and -, and not a number: PHP would read another name.
  defp plain?(name), do: name =~ ~r/\A[A-Za-z0-9_-]+\z/ and name =~ ~r/[A-Za-z_]/

  defp seconds(text) do
    if text =~ ~r/\A[1-9][0-9]{0,17}\z/, do: {:ok, String.to_integer(text)}, else: {:error, :proof_malformed}
  end

  defp judge_issued(nil, _options), do: :ok

  defp judge_issued({_, value}, options) do
    with {:ok, at} <- seconds(value), do: judge(at, options)
  end

  defp judge(at, options) do
    now = Keyword.get_lazy(options, :now, fn -> System.os_time(:second) end)

    cond do
      now - at > @tolerance -> {:error, :token_expired}
      at - now > @tolerance -> {:error, :token_early}
      true -> :ok
    end
  end
end
