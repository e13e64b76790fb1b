-- Deploy tollhouse:platform/has_visible to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.has_visible(
  p_text text
)
  returns boolean
  language sql
  immutable
as $$
  -- By code point, because character classes depend on the locale: blanks, controls, joiners, direction marks, fillers, tags.
  select p_text collate "C" ~ (
    '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f'
    '\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
  )
$$;
comment on function tollhouse_private.has_visible(text) is
  'Whether a text has a visible character; null for null.';

revoke execute on function tollhouse_private.has_visible(text) from public;
grant execute on function tollhouse_private.has_visible(text) to tollhouse_engine;

commit;
