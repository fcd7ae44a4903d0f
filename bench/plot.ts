import * as echarts from 'echarts';
import { type Figure, median } from './figure.js';

const colors = { ours: '#1f77b4', others: '#8c8c8c' };

/** Three panels: the maximum rate of starts, the cost of a waiting one, and the size of its history. */
export function plot(figures: readonly Figure[]): string {
  const rates = samplesOf(figures, 'ours-together');
  const memory = samplesOf(figures, 'memory-cached');
  const history = samplesOf(figures, 'history');
  const subjects = ['no-ops', 'bare-calls', 'fenced-calls', 'ours-plain', 'ours'];

  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1200, height: 360 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: [
      title('Conversations a second, 50 at a time', 60),
      title('Memory of a worker by conversations that wait, MB', 470),
      title('Events of history by looks', 880),
    ],
    grid: [60, 470, 880].map((left) => ({ left, width: 290, top: 70, bottom: 50 })),
    xAxis: [
      { gridIndex: 0, type: 'category', data: subjects, axisLabel: { interval: 0, fontSize: 10 } },
      { gridIndex: 1, type: 'value' },
      { gridIndex: 2, type: 'value' },
    ],
    yAxis: [0, 1, 2].map((gridIndex) => ({ gridIndex, type: 'value', min: 0 })),
    series: [
      {
        type: 'bar',
        xAxisIndex: 0,
        yAxisIndex: 0,
        data: subjects.map((subject) => ({
          value: Number(median(rates[subject] ?? []).toFixed(1)),
          itemStyle: { color: subject.startsWith('ours') ? colors.ours : colors.others },
        })),
        label: { show: true, position: 'top' },
      },
      line(1, 'ours, all cached', memory.waiting, memory.cached),
      line(1, 'ours, cache bounded', memory.waiting, memory.bounded),
      line(1, 'floor, all cached', memory.waiting, memory.floor),
      line(2, 'ours', history.looks, history['ours, events']),
      line(2, 'polling with timers', history.looks, history['polling, events']),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function samplesOf(figures: readonly Figure[], id: string): Figure['samples'] {
  const found = figures.find((figure) => figure.id === id);
  if (!found) throw new Error(`There is no figure '${id}'`);
  return found.samples;
}

function title(text: string, left: number) {
  return { text, left, top: 20, textStyle: { fontSize: 14 } };
}

function line(axis: number, name: string, xs: readonly number[] = [], ys: readonly number[] = []) {
  return {
    type: 'line' as const,
    name,
    color: name.startsWith('ours') ? colors.ours : colors.others,
    xAxisIndex: axis,
    yAxisIndex: axis,
    showSymbol: true,
    data: xs.map((x, index) => [x, Math.round(ys[index] ?? Number.NaN)]),
    endLabel: {
      show: true,
      formatter: '{a}',
      backgroundColor: '#ffffff',
      align: 'right' as const,
      verticalAlign: 'bottom' as const,
      offset: [0, -6],
    },
  };
}
