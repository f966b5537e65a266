/*
 * What libical makes of rules and of calendars.
 *
 *   libical rules MOST LAST   reads lines `RULE YYYYMMDD` or `-`, prints the first days up to LAST
 *   libical events            reads a calendar, prints one line an event: uid start end alarm alarm ...
 *   libical copy              reads a calendar and writes it again
 *
 * Instants are seconds since 1970.
 */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rules(int most, int last)
{
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        char *day = strrchr(line, ' ');
        if (!day) {
            puts("");
            continue;
        }
        *day++ = 0;
        day[strcspn(day, "\n")] = 0;
        struct icalrecurrencetype rule = icalrecurrencetype_from_string(line);
        icalrecur_iterator *from = NULL;
        if (rule.freq != ICAL_NO_RECURRENCE)
            from = icalrecur_iterator_new(rule, icaltime_from_string(day));
        if (!from) {
            puts("refused");
            continue;
        }
        int given = 0;
        for (; given < most; given++) {
            icaltimetype it = icalrecur_iterator_next(from);
            if (icaltime_is_null_time(it) || it.year > last)
                break;
            printf("%s%04d%02d%02d", given ? "," : "", it.year, it.month, it.day);
        }
        puts("");
        icalrecur_iterator_free(from);
    }
}

static icalcomponent *calendar(void)
{
    static char text[16 << 20];
    text[fread(text, 1, sizeof text - 1, stdin)] = 0;
    return icalparser_parse_string(text);
}

static long long instant(icaltimetype it)
{
    return (long long)icaltime_as_timet_with_zone(it, it.zone ? it.zone : icaltimezone_get_utc_timezone());
}

static void events(icalcomponent *all)
{
    icalcomponent *it = icalcomponent_get_first_component(all, ICAL_VEVENT_COMPONENT);
    for (; it; it = icalcomponent_get_next_component(all, ICAL_VEVENT_COMPONENT)) {
        long long start = instant(icalcomponent_get_dtstart(it));
        printf("%s %lld %lld", icalcomponent_get_uid(it), start, instant(icalcomponent_get_dtend(it)));
        icalcomponent *alarm = icalcomponent_get_first_component(it, ICAL_VALARM_COMPONENT);
        for (; alarm; alarm = icalcomponent_get_next_component(it, ICAL_VALARM_COMPONENT)) {
            icalproperty *trigger = icalcomponent_get_first_property(alarm, ICAL_TRIGGER_PROPERTY);
            struct icaltriggertype when = icalproperty_get_trigger(trigger);
            printf(" %lld", start + icaldurationtype_as_int(when.duration));
        }
        printf(" %s\n", icalcomponent_get_summary(it));
    }
}

int main(int count, char **words)
{
    icalerror_set_errors_are_fatal(0);
    if (count == 4 && !strcmp(words[1], "rules"))
        rules(atoi(words[2]), atoi(words[3]));
    else if (count == 2 && !strcmp(words[1], "events"))
        events(calendar());
    else if (count == 2 && !strcmp(words[1], "copy"))
        fputs(icalcomponent_as_ical_string(calendar()), stdout);
    else
        return 2;
    return 0;
}
