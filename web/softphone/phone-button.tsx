import { Alert, Button, Popover, Progress, Select, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconHeadset, IconHeadsetOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useWords } from '../shared/language.js';
import { echo, measureLevel, STANDARD, type AudioDevice } from './audio-devices.js';
import classes from './phone-button.module.css';
import { usePhone, usePhoneView } from './phone-context.js';
import { qualityOf } from './quality.js';

/** The phone's state in the bar; behind it devices, the microphone's meter and test, and the quality of the line. */
export function PhoneButton() {
  const { word } = useWords();
  const phone = usePhone();
  const { isOffered, status, trouble, isMuted, pulledTo } = usePhoneView();
  const [isOpen, setOpen] = useState(false);
  const needsHelp = trouble !== null || pulledTo !== null;
  useEffect(() => {
    if (needsHelp) setOpen(true);
  }, [needsHelp]);
  if (isOffered === false) return <Text size="sm">{word('phone/desk')}</Text>;
  const close = (isNowOpen: boolean) => {
    setOpen(isNowOpen);
    if (!isNowOpen) phone.seePulled();
  };
  const text = trouble !== null ? word('phone/denied') : isMuted ? word('phone/muted') : word(`phone/${status}`);
  const Icon = trouble !== null || status === 'off' ? IconHeadsetOff : IconHeadset;
  return (
    <Popover
      opened={isOpen}
      onChange={close}
      position="bottom-end"
      width={340}
      withinPortal={false}
      trapFocus
      shadow="md"
    >
      <Popover.Target>
        <UnstyledButton
          className={classes.phone}
          data-status={trouble !== null ? 'trouble' : isMuted ? 'muted' : status}
          onClick={() => close(!isOpen)}
          title={text}
          aria-label={text}
        >
          <Icon size={18} aria-hidden />
          <span className={classes.dot} aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={word('phone/title')}>{isOpen && <PhonePanel />}</Popover.Dropdown>
    </Popover>
  );
}

function PhonePanel() {
  const { word } = useWords();
  const phone = usePhone();
  const { status, trouble, isMuted, microphones, speakers, microphone, speaker, pulledTo } = usePhoneView();
  return (
    <Stack gap="sm">
      <Text fw={600} role="status">
        {isMuted ? word('phone/muted') : word(`phone/${status}`)}
      </Text>
      {pulledTo !== null && <Alert color="yellow">{word('phone/pulled', { device: pulledTo })}</Alert>}
      {trouble !== null && (
        <Alert color="red" role="alert">
          {word(trouble === 'denied' ? 'phone/deniedText' : `phone/${trouble}`)}
          <Button display="block" mt="sm" ml={4} mb={4} size="compact-md" onClick={phone.tryAgain}>
            {word('phone/tryAgain')}
          </Button>
        </Alert>
      )}
      <DeviceChoice
        label={word('phone/microphone')}
        devices={microphones}
        value={microphone}
        onChoose={(id) => void phone.chooseMicrophone(id)}
      />
      <Level />
      <DeviceChoice
        label={word('phone/speaker')}
        devices={speakers}
        value={speaker}
        onChoose={(id) => void phone.chooseSpeaker(id)}
      />
      <Quality />
    </Stack>
  );
}

function DeviceChoice(props: {
  readonly label: string;
  readonly devices: readonly AudioDevice[];
  readonly value: string;
  readonly onChoose: (id: string) => void;
}) {
  const { word } = useWords();
  const { label, devices, value, onChoose } = props;
  const isThere = devices.some(({ id }) => id === value);
  return (
    <Select
      label={label}
      data={[
        { value: STANDARD, label: word('phone/standard') },
        ...devices.map(({ id, label: name }) => ({ value: id, label: name })),
      ]}
      value={isThere ? value : STANDARD}
      allowDeselect={false}
      comboboxProps={{ withinPortal: false }}
      onChange={(id) => id !== null && onChoose(id)}
    />
  );
}

/** The microphone's meter, and its test by ear. */
function Level() {
  const { word } = useWords();
  const stream = usePhone().microphoneStream;
  const [level, setLevel] = useState(0);
  const [isTesting, setTesting] = useState(false);
  useEffect(() => {
    if (stream === null) return undefined;
    const meter = measureLevel(stream);
    const timer = setInterval(() => setLevel(meter.read()), 100);
    return () => {
      clearInterval(timer);
      meter.stop();
    };
  }, [stream]);
  useEffect(() => (isTesting && stream !== null ? echo(stream) : undefined), [isTesting, stream]);
  return (
    <div className={classes.level}>
      <Progress
        value={level * 100}
        size="lg"
        transitionDuration={100}
        aria-label={word('phone/level')}
        className={classes.meter}
      />
      <Button size="compact-sm" variant="default" disabled={stream === null} onClick={() => setTesting(!isTesting)}>
        {word(isTesting ? 'phone/stopTest' : 'phone/test')}
      </Button>
    </div>
  );
}

function Quality() {
  const { word, formats } = useWords();
  const { figures, status } = usePhoneView();
  const quality = qualityOf(status === 'line' ? figures : null);
  return (
    <div>
      <Text size="sm">
        {word('phone/quality')}: <strong data-quality={quality}>{word(`phone/${quality}`)}</strong>
      </Text>
      <Text size="xs" c="dimmed" className={classes.figures}>
        {figures !== null &&
          word('phone/figures', {
            loss: formats.percent(figures.lossRatio),
            jitter: Math.round(figures.jitterMs),
            trip: figures.roundTripMs === null ? '–' : Math.round(figures.roundTripMs),
          })}
      </Text>
    </div>
  );
}
